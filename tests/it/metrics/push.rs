//! Counts handed over to a push gateway.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;

use super::{complaints, shown};
use crate::processes::{Server, free_port, get, quiet, wait_for};
use crate::support::{Ran, Sandbox, skipped};

/// A gateway that answers so, once for each; its address, and the requests: head and body.
fn gateway(answers: &'static [&'static str]) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (to, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for (answer, connection) in answers.iter().zip(listener.incoming()) {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let (status, text) = answer.split_once('|').unwrap_or((answer, ""));
            let length = format!("Content-Length: {}\r\nConnection: close", text.len());
            write!(connection, "HTTP/1.1 {status}\r\n{length}\r\n\r\n{text}").unwrap();
            to.send((head, String::from_utf8(body).unwrap())).unwrap();
        }
    });
    (address, requests)
}

fn push(sandbox: &Sandbox, url: &str) -> Ran {
    sandbox.ut(["metrics", "--push", url])
}

fn host() -> String {
    let output = Command::new("uname").arg("-n").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_group_is_replaced_with_a_password_that_nobody_is_shown() {
    let sandbox = Sandbox::new();
    let (address, requests) = gateway(&["202 Accepted"]);
    let ran = push(&sandbox, &format!("http://ada:s%20cret@{address}/behind/"));
    let group = format!("/behind/metrics/job/ut/instance/{}", host());
    assert!(ran.succeeds().stdout.starts_with("pushed "), "{ran:?}");
    assert!(ran.stdout.ends_with(&format!(" series to http://{address}{group}\n")), "{ran:?}");
    assert!(!ran.stdout.contains("cret") && ran.stderr.is_empty(), "{ran:?}");
    let (head, body) = requests.recv().unwrap();
    assert!(head.starts_with(&format!("PUT {group} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4\r\n"), "{head}");
    // ada:s cret
    assert!(head.contains("authorization: Basic YWRhOnMgY3JldA==\r\n"), "{head}");
    assert!(body.contains("# TYPE ut_commands_total counter\n") && body.ends_with('\n'));
    assert_eq!(complaints(&body), None);
}

#[test]
fn a_gateway_that_fails_is_asked_once_more() {
    let sandbox = Sandbox::new();
    let (address, requests) = gateway(&["503 Service Unavailable", "200 OK"]);
    push(&sandbox, &format!("http://{address}")).succeeds();
    let (address, more) = gateway(&["500 Internal Server Error"; 3]);
    push(&sandbox, &format!("http://ada:secret@{address}")).fails(3, &["500 Internal", &address]);
    assert_eq!((requests.iter().count(), more.try_iter().count()), (2, 2));
}

#[test]
fn what_is_refused_is_explained_and_not_asked_again() {
    let sandbox = Sandbox::new();
    let (address, requests) = gateway(&["400 Bad Request|inconsistent metrics", "200 OK"]);
    let ran = push(&sandbox, &format!("http://ada:secret@{address}"));
    ran.fails(3, &["PUT", "400 Bad Request", "hint: the gateway says: inconsistent metrics"]);
    assert!(!ran.stderr.contains("secret") && ran.stdout.is_empty(), "{ran:?}");
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn an_address_that_is_none_is_refused_without_saying_it() {
    let sandbox = Sandbox::new();
    for url in [
        "gateway",
        "http://",
        "http://ada:secret@:99999",
        "ftp://ada:secret@gateway",
        "ada:secret@gateway:9091",
        "",
    ] {
        let ran = push(&sandbox, url);
        ran.fails(2, &["--push was given no address", "hint: such as http://"]);
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
    }
}

#[test]
fn a_gateway_that_is_not_there_is_named_and_then_left_alone() {
    let sandbox = Sandbox::new();
    let url = format!("http://ada:secret@127.0.0.1:{}", free_port());
    let ran = push(&sandbox, &url);
    ran.fails(3, &["PUT http://127.0.0.1:", "Connection refused"]);
    assert!(!ran.stderr.contains("secret") && ran.stdout.is_empty(), "{ran:?}");
    let text = sandbox.ut(["metrics"]).succeeds().stdout.clone();
    for (series, count) in [
        ("ut_breaker_calls_total{breaker=\"pushgateway\",outcome=\"failure\"}", "2"),
        ("ut_http_client_requests_total{service=\"pushgateway\",code=\"error\"}", "2"),
        ("ut_http_client_requests_total{service=\"pushgateway\",code=\"2xx\"}", "0"),
        ("ut_commands_total{command=\"metrics\",result=\"error\"}", "1"),
    ] {
        assert_eq!(shown(&text, series), Some(count), "{series}");
    }
    sandbox.ut(["breaker", "open", "pushgateway"]).succeeds();
    push(&sandbox, &url).fails(75, &["pushgateway: its breaker is forced open"]);
}

#[test]
fn a_real_gateway_keeps_the_newest() {
    let program = "prometheus-pushgateway";
    if let Err(error) = quiet(Command::new(program).arg("--version")).status() {
        return skipped("a push gateway", error);
    }
    let sandbox = Sandbox::new();
    let address = format!("127.0.0.1:{}", free_port());
    let listen = format!("--web.listen-address={address}");
    let _server = Server::new(move || quiet(Command::new(program).arg(&listen)).spawn().unwrap());
    wait_for("it answers", || get(&address, "/-/ready").is_some());
    let series = format!(
        "ut_breaker_calls_total{{breaker=\"db\",instance=\"{}\",job=\"ut\",outcome=\"failure\"}}",
        host()
    );
    for count in ["1", "2"] {
        sandbox.ut(["guard", "db", "--", "false"]);
        push(&sandbox, &format!("http://{address}/")).succeeds();
        let held = get(&address, "/metrics").unwrap();
        assert_eq!(shown(&held, &series), Some(count));
        let failure = format!("push_failure_time_seconds{{instance=\"{}\",job=\"ut\"}}", host());
        assert_eq!(shown(&held, &failure), Some("0"));
        // The gateway's own are not ours to judge.
        let own: String = held.split_inclusive('\n').filter(|line| line.contains("ut_")).collect();
        assert_eq!(complaints(&own), None);
    }
}
