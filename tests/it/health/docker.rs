//! A Docker engine that answers as recorded, and one that does not do well.

use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use ut::health::Status;

use super::look::{head, look_in, refuses};
use crate::support::Sandbox;

fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/docker");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn answer(status: &str, body: &str) -> String {
    let head = format!("HTTP/1.1 {status}\r\nApi-Version: 1.47\r\nContent-Type: application/json");
    format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// An engine in a folder of its own, whose every connection is served so.
fn engine(serve: impl Fn(UnixStream) + Send + Clone + 'static) -> Sandbox {
    let sandbox = Sandbox::new();
    let listener = UnixListener::bind(sandbox.path("docker.sock")).unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, serve) = (connection.unwrap(), serve.clone());
            std::thread::spawn(move || {
                let head = head(connection.try_clone().unwrap());
                assert!(head.starts_with("GET /containers/json?all=true HTTP/1.1\r\n"), "{head}");
                serve(connection);
            });
        }
    });
    sandbox
}

/// What a check sees of it, without the way to its socket; found through the configuration and the environment.
fn sees(sandbox: &Sandbox, more: &str, status: Status, said: &str) {
    let socket = sandbox.path("docker.sock").display().to_string();
    let named = format!("socket = \"{socket}\"\n{more}");
    let host = format!("unix://{socket}");
    for (described, host) in [(named.as_str(), "tcp://127.0.0.1:1"), (more, host.as_str())] {
        let verdict = look_in("docker", described, &[("DOCKER_HOST", host)]);
        let output = verdict.output.replace(&socket, "SOCKET");
        assert_eq!((verdict.status, output.as_str()), (status, said), "{described}");
    }
}

#[test]
fn containers_of_an_engine_are_judged() {
    let well =
        engine(|mut to| drop(to.write_all(answer("200 OK", &recorded("well.json")).as_bytes())));
    sees(&well, "", Status::Pass, "7 containers, 6 running");
    sees(&well, "project = \"ml\"", Status::Pass, "6 containers, 5 running");
    sees(&well, "containers = [\"grafana\", \"db\"]", Status::Fail, "db missing");
    let ill =
        engine(|mut to| drop(to.write_all(answer("200 OK", &recorded("ill.json")).as_bytes())));
    sees(&ill, "project = \"chat\"", Status::Fail, "chat-api-1 unhealthy");
}

#[test]
fn an_engine_that_does_not_do_well_is_described() {
    let no_list = "SOCKET: answered what is no list of containers";
    for (said, answered) in [
        (no_list, answer("200 OK", "<html>")),
        (no_list, answer("200 OK", "{\"message\": \"hello\"}")),
        (no_list, answer("200 OK", &"[".repeat(100_000))),
        ("SOCKET: answered 500 Internal Server Error", answer("500 Oh", "no json")),
        (
            "SOCKET: answered 400 Bad Request: client version 1.12 is too old",
            answer("400 Bad Request", "{\"message\": \"client version 1.12 is too old\"}"),
        ),
        ("SOCKET: answered 301 Moved Permanently", answer("301 Moved\r\nLocation: http://x/", "")),
        ("SOCKET: invalid HTTP version parsed", "SSH-2.0\r\n".to_owned()),
    ] {
        let engine = engine(move |mut to| drop(to.write_all(answered.as_bytes())));
        sees(&engine, "", Status::Fail, said);
    }
    let none = Sandbox::new();
    sees(&none, "", Status::Fail, "SOCKET: no such file or directory");
    drop(UnixListener::bind(none.path("docker.sock")).unwrap());
    sees(&none, "", Status::Fail, "SOCKET: connection refused");
}

#[test]
fn an_engine_that_hangs_or_says_too_much_is_left() {
    let late = "SOCKET: timeout after 200 ms";
    let hangs = engine(|to| {
        std::thread::sleep(Duration::from_secs(2));
        drop(to);
    });
    sees(&hangs, "timeout = \"200ms\"", Status::Fail, late);
    let drips = engine(|mut to| {
        let _ = to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while to.write_all(b"[").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    sees(&drips, "timeout = \"200ms\"", Status::Fail, late);
    let floods = engine(|mut to| {
        let _ = to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        while to.write_all(&[b' '; 1 << 14]).is_ok() {}
    });
    sees(&floods, "timeout = \"20s\"", Status::Fail, "SOCKET: answered more than 16 MiB");
}

#[test]
fn containers_without_a_name_are_refused() {
    refuses(
        "docker",
        &[
            ("containers = [\"db\", \" \"]", "`containers`: one of the names is empty"),
            ("warn-after = \"1s\"", "`warn-after` says nothing of a check of kind docker"),
        ],
    );
}
