//! Web addresses against a server that answers as it is told, well or badly.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ut::health::Status;

use super::look::{again, head, is_again, look, refused, refuses, sees};

/// Answers every connection with `serve`, which is told what was asked for.
fn server(serve: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, serve) = (connection.unwrap(), serve.clone());
            std::thread::spawn(move || {
                let head = head(connection.try_clone().unwrap());
                serve(&head, connection);
            });
        }
    });
    address
}

/// Says this again and again until nobody listens.
fn for_ever(mut to: impl Write, said: &str, pause: Duration) {
    while to.write_all(said.as_bytes()).and_then(|()| to.flush()).is_ok() {
        std::thread::sleep(pause);
    }
}

const SOON: Duration = Duration::from_millis(20);

/// By path: a status and a body, or one of the ways to answer badly.
fn serve(head: &str, mut to: TcpStream) {
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let plain = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    match path {
        "/well" => drop(write!(to, "{plain}{{\"status\": \"ok\"}}")),
        "/login" if head.contains("authorization: Basic YWRhOnNlY3JldA==") => {
            drop(write!(to, "{plain}welcome"));
        }
        "/slow" => {
            std::thread::sleep(Duration::from_millis(60));
            drop(write!(to, "{plain}ok"));
        }
        "/there" | "/round" => {
            let to_path = if path == "/there" { "/well" } else { "/round" };
            drop(write!(
                to,
                "HTTP/1.1 302 Found\r\nLocation: {to_path}\r\nConnection: close\r\n\r\n"
            ));
        }
        "/silent" => for_ever(to, "", SOON),
        "/headers" => {
            let _ = to.write_all(b"HTTP/1.1 200 OK\r\n");
            for_ever(to, "X-More: of it\r\n", SOON);
        }
        "/many-headers" => {
            let _ = to.write_all(b"HTTP/1.1 200 OK\r\n");
            for_ever(to, &"X-More: of it\r\n".repeat(1000), Duration::ZERO);
        }
        "/drip" => {
            let _ = to.write_all(chunked.as_bytes());
            for_ever(to, "2\r\nok\r\n", SOON);
        }
        "/flood" => {
            let _ = to.write_all(chunked.as_bytes());
            for_ever(to, &format!("10000\r\n{}\r\n", "x".repeat(1 << 16)), Duration::ZERO);
        }
        "/far" => drop(write!(to, "{plain}{}needle", "x".repeat(1 << 16))),
        "/near" => drop(write!(to, "{plain}{}needle", "x".repeat((1 << 16) - 6))),
        "/cut" => drop(write!(to, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")),
        "/no-http" => drop(write!(to, "SSH-2.0-OpenSSH_9.2\r\n")),
        "/odd" => drop(write!(to, "HTTP/1.1 599 Odd\r\nConnection: close\r\n\r\n")),
        "/gone" => {}
        _ => drop(write!(to, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")),
    }
}

#[test]
fn what_an_address_answers_is_judged() {
    let at = server(serve);
    let url = |path: &str| format!("url = \"http://{at}{path}\"");
    for (described, status, said) in [
        (url("/ill"), Status::Fail, "/ill answered 503 Service Unavailable"),
        (url("/ill") + "\nstatus = [\"2xx\", \"503\"]", Status::Pass, ""),
        (url("/well") + "\nstatus = [\"204\"]", Status::Fail, "/well answered 200 OK"),
        (url("/well") + "\ncontains = '\"ok\"'", Status::Pass, ""),
        (url("/well") + "\ncontains = \"degraded\"", Status::Fail, "/well lacks \"degraded\""),
        (url("/there") + "\ncontains = \"ok\"", Status::Pass, ""),
        (url("/there") + "\nstatus = [\"302\"]", Status::Pass, ""),
        (
            url("/there") + "\nstatus = [\"3xx\"]\ncontains = \"ok\"",
            Status::Fail,
            "/there lacks \"ok\"",
        ),
        (url("/round"), Status::Fail, "/round: too many redirects"),
        (url("/near") + "\ncontains = \"needle\"", Status::Pass, ""),
        (url("/far") + "\ncontains = \"needle\"", Status::Fail, "/far lacks \"needle\""),
        (url("/flood"), Status::Pass, ""),
        (url("/flood") + "\ncontains = \"needle\"", Status::Fail, "/flood lacks \"needle\""),
        (url("/odd"), Status::Fail, "/odd answered 599"),
        (url("/cut"), Status::Fail, "/cut: end of file before message length reached"),
        (url("/no-http"), Status::Fail, "/no-http: invalid HTTP version parsed"),
        (url("/gone"), Status::Fail, "/gone: connection closed before message completed"),
        (url("/many-headers"), Status::Fail, "/many-headers: message head is too large"),
    ] {
        let verdict = look("http", &described);
        assert_eq!(verdict.status, status, "{described}: {verdict:?}");
        match status {
            Status::Pass => assert!(verdict.output.ends_with(" ms"), "{verdict:?}"),
            _ => assert_eq!(verdict.output, format!("http://{at}{said}")),
        }
    }
}

#[test]
fn an_address_that_does_not_come_to_an_end_is_left_in_time() {
    let at = server(serve);
    for path in ["/silent", "/headers", "/drip"] {
        for more in ["", "\ncontains = \"needle\""] {
            let described = format!("url = \"http://{at}{path}\"\ntimeout = \"300ms\"{more}");
            let said = format!("http://{at}{path}: timeout after 300 ms");
            assert!(sees("http", &described, Status::Fail, &said).data.is_empty());
        }
    }
    // Nobody answers there at all: a queue of connections that is full.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap();
    let described = format!("url = \"http://{silent}/\"\ntimeout = \"200ms\"");
    sees("http", &described, Status::Fail, &format!("http://{silent}/: timeout after 200 ms"));
    let verdict = look("http", "url = \"http://no-such-host.invalid/\"\ntimeout = \"1s\"");
    assert!(verdict.output.starts_with("http://no-such-host.invalid/: "), "{verdict:?}");
    drop(listener);
    let said = format!("http://{silent}/: connection refused");
    sees("http", &described, Status::Fail, &said);
}

#[test]
fn a_late_answer_is_warned_of_and_what_is_secret_not_shown() {
    let at = server(serve);
    let described = format!("url = \"http://{at}/slow\"\nwarn-after = \"50ms\"");
    let verdict = look("http", &described);
    assert_eq!(verdict.status, Status::Warn);
    let said = format!("http://{at}/slow took ");
    assert!(verdict.output.starts_with(&said) && verdict.output.ends_with(" ms (limit 50 ms)"));
    let datum = &verdict.data[0];
    assert_eq!((datum.name.as_str(), datum.unit), ("latency", "s"));
    assert_eq!((datum.warn, datum.fail), (Some(0.05), Some(2.0)));
    assert!(datum.value >= 0.06, "{datum:?}");
    let verdict = look("http", &format!("url = \"http://ada:secret@{at}/login?key=secret\""));
    assert_eq!(verdict.status, Status::Pass, "{verdict:?}");
    assert!(verdict.output.starts_with(&format!("http://{at}/login?…   ")), "{verdict:?}");
}

#[test]
fn a_machine_without_certificates_asks_where_none_are_needed() {
    if is_again() {
        let at = server(serve);
        let verdict = look("http", &format!("url = \"http://{at}/well\""));
        assert_eq!(verdict.status, Status::Pass, "{verdict:?}");
        let said = format!("https://{at}/: no CA certificates were loaded from the system");
        sees("http", &format!("url = \"https://{at}/\""), Status::Fail, &said);
        return;
    }
    let mut test = again("health::http::a_machine_without_certificates_asks_where_none_are_needed");
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    let output = test.envs(none).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

#[test]
fn addresses_that_cannot_be_are_refused() {
    let well = "url = \"http://host/\"\n";
    refuses(
        "http",
        &[
            ("", "this check lacks its `url`"),
            ("url = \"mlflow/secret\"", "`url`: relative URL without a base"),
            ("url = \"file:///secret\"", "http:// or https:// was expected"),
            ("url = \"http://ada:secret@host:99999/\"", "`url`: invalid port number"),
            ("url = \"http://\"", "`url`: empty host"),
            (&format!("{well}status = []"), "`status`: no answer would do"),
            (&format!("{well}status = [\"200\", \"ok\"]"), "`status`: \"ok\" is neither"),
            (
                &format!("{well}warn-after = \"2s\""),
                "`warn-after`: it is not shorter than `timeout`",
            ),
            (&format!("{well}send = \"x\""), "`send` says nothing of a check of kind http"),
        ],
    );
    let why = refused("http", &format!("{well}[http]\nca-file = \"none.pem\""));
    assert!(why.contains("cannot use the certificates of"), "{why}");
}
