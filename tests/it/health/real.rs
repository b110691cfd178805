//! Redis and PostgreSQL, up and down; TLS of OpenSSL.

use std::process::Command;

use ut::health::Status;

use super::look::{look, sees};
use crate::daemons::{postgres, redis};
use crate::processes::{Server, free_port, quiet, wait_for};
use crate::support::{Sandbox, skipped};

fn is_well(kind: &str, described: &str) -> bool {
    look(kind, described).status == Status::Pass
}

#[test]
fn redis_is_seen_up_and_down() {
    let Some((mut server, port)) = redis() else { return };
    let at = format!("127.0.0.1:{port}");
    let ping = format!("address = \"{at}\"\nsend = 'PING\\r\\n'\nexpect = \"+PONG\"");
    wait_for("Redis is up", || is_well("tcp", &ping));
    let described = format!("{}\ntimeout = \"1s\"", ping.replace("PING", "PNIG"));
    let verdict = look("tcp", &described);
    let said = format!("{at} lacks \"+PONG\": it said \"-ERR unknown command 'PNIG'");
    assert!(verdict.output.starts_with(&said), "{verdict:?}");
    server.kill();
    sees("tcp", &ping, Status::Fail, &format!("{at}: connection refused"));
    server.start();
    wait_for("Redis is back", || is_well("tcp", &ping));
}

#[test]
fn postgresql_is_seen_up_and_down() {
    let Some((mut server, port, _folder)) = postgres() else { return };
    let address = format!("address = \"127.0.0.1:{port}\"");
    let ready = format!("command = \"pg_isready -h 127.0.0.1 -p {port}\"");
    wait_for("PostgreSQL is up", || is_well("tcp", &address));
    wait_for("PostgreSQL is ready", || is_well("command", &ready));
    sees("command", &ready, Status::Pass, &format!("127.0.0.1:{port} - accepting connections"));
    server.kill();
    sees("tcp", &address, Status::Fail, &format!("127.0.0.1:{port}: connection refused"));
    let said = format!("exit 2: 127.0.0.1:{port} - no response");
    sees("command", &ready, Status::Fail, &said);
}

/// A certificate for this machine, and one that vouches for it.
const CERTIFICATES: &str = "
    key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj /CN=ours
    openssl req $key -keyout own.key -out own.csr -subj /CN=own
    echo subjectAltName=IP:127.0.0.1 > names
    openssl x509 -req -in own.csr -CA ca.pem -CAkey ca.key -days 2 -extfile names -out own.pem";

#[test]
fn a_certificate_is_trusted_where_its_authority_is() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path(".");
    if let Err(error) = quiet(Command::new("openssl").arg("version")).status() {
        return skipped("OpenSSL", error);
    }
    let mut shell = Command::new("sh");
    shell.args(["-ec", CERTIFICATES]).current_dir(&folder);
    assert!(quiet(&mut shell).status().unwrap().success());
    let port = free_port();
    let own = port.clone();
    let _server = Server::new(move || {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", &own, "-cert", "own.pem", "-key", "own.key", "-www"]);
        quiet(command.current_dir(&folder)).spawn().unwrap()
    });
    let url = format!("https://127.0.0.1:{port}/");
    let check = format!("url = \"{url}\"\ncontains = \"TLSv1.3\"");
    let trusted = format!("{check}\n[http]\nca-file = {:?}", sandbox.path("ca.pem"));
    wait_for("OpenSSL is up", || is_well("http", &trusted));
    let verdict = look("http", &check);
    assert_eq!(verdict.status, Status::Fail);
    assert!(verdict.output.starts_with(&format!("{url}: invalid peer certificate")), "{verdict:?}");
}
