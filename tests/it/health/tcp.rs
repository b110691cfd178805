//! Ports that take connections, or do not, and what is said on them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use ut::health::Status;

use super::look::{look, refuses, sees};

/// Hands every connection to `serve`.
fn server(serve: impl Fn(TcpStream) + Send + Copy + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            std::thread::spawn(move || serve(connection));
        }
    });
    address
}

/// Says what it hears, and `done` at the end of a line.
fn echo(mut connection: TcpStream) {
    let mut byte = [0];
    while connection.read(&mut byte).is_ok_and(|count| count == 1) {
        let said = if byte[0] == b'\n' { &b"done\n"[..] } else { &byte };
        if connection.write_all(said).is_err() {
            return;
        }
    }
}

#[test]
fn a_port_is_asked_and_what_it_says_is_judged() {
    let at = server(echo);
    let passes = |more: &str| {
        let verdict = look("tcp", &format!("address = \"{at}\"\n{more}"));
        assert_eq!(verdict.status, Status::Pass, "{more}: {verdict:?}");
        assert!(verdict.output.starts_with(&format!("{at}   ")), "{verdict:?}");
        assert_eq!(verdict.data[0].name, "latency");
    };
    passes("");
    passes("send = 'quit\\r\\n'");
    passes("send = 'PI\\x4eG\\n'\nexpect = \"PINGdone\"");
    let localhost = format!("address = \"localhost:{}\"", at.port());
    assert_eq!(look("tcp", &localhost).status, Status::Pass);

    let says = server(|mut to| drop(to.write_all(b"-NOAUTH\x1b Authentication required.\r\n")));
    let said =
        format!("{says} lacks \"+PONG\": it said \"-NOAUTH\u{fffd} Authentication required.\"");
    sees("tcp", &format!("address = \"{says}\"\nexpect = \"+PONG\""), Status::Fail, &said);
    let closes = server(drop);
    let verdict = look("tcp", &format!("address = \"{closes}\"\nexpect = \"+PONG\""));
    assert_eq!(verdict.output, format!("{closes} lacks \"+PONG\""));
}

#[test]
fn a_port_that_says_nothing_or_too_much_is_left_in_time() {
    let silent = server(|connection| {
        std::thread::sleep(Duration::from_secs(3));
        drop(connection);
    });
    let drips = server(|mut to| {
        while to.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let waits = |at| format!("address = \"{at}\"\nexpect = \"+OK\"\ntimeout = \"200ms\"");
    sees("tcp", &waits(silent), Status::Fail, &format!("{silent}: timeout after 200 ms"));
    let verdict = look("tcp", &waits(drips));
    let said = format!("{drips} lacks \"+OK\": it said \"...");
    assert!(verdict.status == Status::Fail && verdict.output.starts_with(&said), "{verdict:?}");
    let floods = server(|mut to| while to.write_all(&[b'x'; 5000]).is_ok() {});
    let verdict = look("tcp", &format!("address = \"{floods}\"\nexpect = \"y\""));
    let said = format!("{floods} lacks \"y\": it said \"{}…\"", "x".repeat(200));
    assert_eq!(verdict.output, said);
    // 8 MiB that nobody takes.
    let deaf =
        format!("address = \"{silent}\"\ntimeout = \"200ms\"\nsend = \"{}\"", "x".repeat(8 << 20));
    assert_eq!(look("tcp", &deaf).output, format!("{silent}: timeout after 200 ms"));
}

#[test]
fn a_port_nobody_listens_to_and_a_name_nobody_has_fail() {
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = format!("{at}: connection refused");
    assert!(sees("tcp", &format!("address = \"{at}\""), Status::Fail, &said).data.is_empty());
    let verdict = look("tcp", "address = \"no-such-host.invalid:80\"\ntimeout = \"1s\"");
    assert_eq!(verdict.status, Status::Fail, "{verdict:?}");
    assert!(verdict.output.starts_with("no-such-host.invalid:80: "), "{verdict:?}");
    let slow = server(|mut to| {
        std::thread::sleep(Duration::from_millis(50));
        drop(to.write_all(b"220 ready\r\n"));
    });
    let described = format!("address = \"{slow}\"\nexpect = \"220\"\nwarn-after = \"40ms\"");
    let verdict = look("tcp", &described);
    assert_eq!(verdict.status, Status::Warn, "{verdict:?}");
    assert!(verdict.output.ends_with(" ms (limit 40 ms)"), "{verdict:?}");
}

#[test]
fn ports_that_cannot_be_are_refused() {
    refuses(
        "tcp",
        &[
            ("", "this check lacks its `address`"),
            ("address = \"db\"", "`address`: \"db\": a host and a port were expected"),
            ("address = \"::1:5432\"", "a host and a port were expected"),
            ("address = \"db:5432\"\nsend = '\\q'", "`send`: after \\, one of"),
            ("address = \"db:5432\"\nwarn-after = \"5s\"", "`warn-after`"),
            (
                "address = \"db:5432\"\nurl = \"http://db\"",
                "`url` says nothing of a check of kind tcp",
            ),
        ],
    );
}
