//! Over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};

use super::{configured, file};
use crate::support::Sandbox;

/// `ut health --serve`, until it is dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn new(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command();
        command.args(["health", "--serve", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.strip_prefix("listening at http://").unwrap().split_once(": ").unwrap().0;
        Self { address: address.to_owned(), child }
    }

    /// What is answered, head and body.
    fn ask(&self, method: &str, path: &str, header: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let close = "Host: x\r\nConnection: close\r\n";
        write!(stream, "{method} {path} HTTP/1.1\r\n{close}{header}\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn get(&self, path: &str) -> (String, String) {
        self.ask("GET", path, "")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_failure_is_503_and_no_reason_to_restart() {
    let sandbox = configured(&file("beat", ""));
    let served = Served::new(&sandbox);
    let (head, body) = served.get("/healthz");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("application/health+json"), "{head}");
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&json["status"], &json["schema"]), (&"fail".into(), &"ut.health/1".into()));
    let (head, body) = served.get("/livez");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, r#"{"status":"pass"}"#);
    drop(served);
    sandbox.write("beat", "");
    let served = Served::new(&sandbox);
    assert!(served.get("/healthz").0.starts_with("HTTP/1.1 200 "));
    assert!(served.get("/else").0.starts_with("HTTP/1.1 404 "));
    assert!(served.ask("POST", "/healthz", "").0.starts_with("HTTP/1.1 405 "));
    let (head, body) = served.ask("HEAD", "/healthz", "");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty(), "{head}");
}

#[test]
fn metrics_come_as_the_client_prefers_them_and_count_requests() {
    let sandbox = configured(&file("beat", ""));
    let served = Served::new(&sandbox);
    served.get("/healthz");
    let (head, text) = served.get("/metrics");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    for line in [
        "ut_health_status{check=\"beat\",status=\"fail\"} 1\n",
        "ut_health_status{check=\"beat\",status=\"pass\"} 0\n",
        "ut_http_requests_total{handler=\"/healthz\",method=\"GET\",code=\"503\"} 1\n",
        "ut_http_request_duration_seconds_count{handler=\"/healthz\",method=\"GET\"} 1\n",
        "ut_http_requests_in_flight{handler=\"/metrics\"} 1\n",
        "ut_http_requests_in_flight{handler=\"/healthz\"} 0\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let (head, text) = served.ask("GET", "/metrics", accept);
    assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(text.ends_with("# EOF\n") && text.contains("# TYPE ut_http_requests counter\n"));
    let (head, body) = served.ask("HEAD", "/metrics", "");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty(), "{head}");
}

#[test]
fn a_database_that_cannot_be_read_is_an_error_and_no_empty_page() {
    let sandbox = configured(&file("beat", ""));
    sandbox.ut(["health"]);
    let state = rusqlite::Connection::open(sandbox.path("state/ut.db")).unwrap();
    state.pragma_update(None, "user_version", 99).unwrap();
    let served = Served::new(&sandbox);
    let (head, body) = served.get("/metrics");
    assert!(head.starts_with("HTTP/1.1 500 ") && body.contains("of a newer ut"), "{head}\n{body}");
    assert!(served.get("/healthz").0.starts_with("HTTP/1.1 503 "));
    assert!(served.get("/livez").0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn clients_that_say_nothing_or_too_much_do_not_keep_others_waiting() {
    let sandbox = configured("");
    let served = Served::new(&sandbox);
    let idle: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(&served.address).unwrap()).collect();
    let mut endless = TcpStream::connect(&served.address).unwrap();
    endless.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    assert!(served.get("/healthz").0.starts_with("HTTP/1.1 200 "));
    // Headers for ever: at some size, or after some time, the server has enough.
    while endless.write_all(&b"x: y\r\n".repeat(1000)).is_ok() {}
    assert!(served.get("/livez").0.starts_with("HTTP/1.1 200 "));
    drop(idle);
}

#[test]
fn a_port_that_is_taken_is_named_and_a_signal_ends_it() {
    let sandbox = configured("");
    let mut served = Served::new(&sandbox);
    sandbox
        .ut(["health", "--serve", &served.address])
        .fails(3, &["cannot listen at 127.0.0.1:", "another address"]);
    sandbox.ut(["health", "--serve", "example.com"]).fails(2, &["a port or ADDRESS:PORT"]);
    sandbox.ut(["health", "--serve", "1", "--report"]).fails(2, &["cannot be used with"]);
    let pid = nix::unistd::Pid::from_raw(served.child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(served.child.wait().unwrap().signal(), Some(15));
}
