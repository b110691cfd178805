//! The guarded HTTP client against a server that answers from a script.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, Url};
use ut::core::breaker::Breakers;
use ut::core::config::{Config, Environment};
use ut::core::context::Context;
use ut::core::http::{Http, HttpError, Repeat, Setup, download, shown};
use ut::core::output::{Color, Level, Output};
use ut::core::retry::{Jitter, Retry};
use ut::core::state::State;

/// Answers connection after connection, and then closes those that come; keeps what was asked.
struct Server {
    url: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, kept): (Vec<String>, _) =
            (answers.iter().map(|a| (*a).to_owned()).collect(), asked.clone());
        std::thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let (answer, kept) = (answers.get(number).cloned(), kept.clone());
                std::thread::spawn(move || serve(connection.unwrap(), answer.as_deref(), &kept));
            }
        });
        let url = format!("http://ada:secret@{address}/path?token=secret#part").parse().unwrap();
        Self { url, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn serve(mut connection: TcpStream, answer: Option<&str>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    asked.lock().unwrap().push(head);
    match answer {
        Some("hang") => std::thread::sleep(Duration::from_secs(2)),
        Some(answer) => {
            let (head, body) = answer.split_once('|').unwrap_or((answer, ""));
            let length = format!("Content-Length: {}\r\nConnection: close", body.len());
            let _ = write!(connection, "HTTP/1.1 {head}\r\n{length}\r\n\r\n{body}");
        }
        None => {}
    }
}

fn context(folder: &Path) -> Context {
    let text =
        format!("[state]\ndir = {:?}\n[http]\ntimeout = \"500ms\"\n", folder.display().to_string());
    std::fs::write(folder.join("ut.toml"), text).unwrap();
    let env = Environment { variables: BTreeMap::new(), current_folder: folder.to_path_buf() };
    let config = Config::load(&env, None).unwrap();
    let out = Output::new(&env, Color::Never, Level::Quiet);
    Context::new(config, env, out)
}

/// Sends one request; what came of it, and what the breaker has counted: successes, failures, timeouts, neutral.
fn one(
    server: &Server,
    method: &Method,
    key: Option<&str>,
) -> (Result<String, HttpError>, [u64; 4]) {
    let folder = tempfile::tempdir().unwrap();
    let ctx = context(folder.path());
    let mut http = Http::open("server".parse().unwrap(), &Setup::default(), &ctx).unwrap();
    http.retry =
        Retry { base: Duration::from_millis(10), jitter: Jitter::None, ..Retry::default() };
    http.deadline = Some(Duration::from_secs(5));
    let repeat = key.map_or(Repeat::ByMethod, Repeat::WithKey);
    let answer = http.send(method, &server.url, repeat, |request| request, &ctx).map(|response| {
        let mut body = Vec::new();
        download(response, "reading", &mut body, &ctx).unwrap();
        String::from_utf8(body).unwrap()
    });
    let state = State::open(folder.path()).unwrap();
    let mut all = Breakers::of(&state).all().unwrap();
    let totals = all.remove(0).1.unwrap().record.totals;
    (answer, [totals.success, totals.failure, totals.timeout, totals.neutral])
}

#[test]
fn answers_are_judged_and_passing_failures_tried_again() {
    let get = Method::GET;
    for (answers, result, totals) in [
        (&["200 OK|hello"][..], Ok("hello"), [1, 0, 0, 0]),
        (
            &["503 Service Unavailable", "429 Too Many Requests", "200 OK|there"],
            Ok("there"),
            [1, 2, 0, 0],
        ),
        (&["", "200 OK|after a reset"], Ok("after a reset"), [1, 1, 0, 0]),
        (&["hang", "200 OK|in time"], Ok("in time"), [1, 0, 1, 0]),
        (&["404 Not Found", "200 OK"], Err("404 Not Found"), [0, 0, 0, 1]),
        (&["501 Not Implemented", "200 OK"], Err("501 Not Implemented"), [0, 0, 0, 1]),
        (&["500 Oh"; 9], Err("500 Internal Server Error"), [0, 4, 0, 0]),
    ] {
        let (got, counted) = one(&Server::new(answers), &get, None);
        assert_eq!(counted, totals, "{answers:?}: {got:?}");
        match (got, result) {
            (Ok(body), Ok(expected)) => assert_eq!(body, expected),
            (Err(error), Err(expected)) => {
                let text = error.to_string();
                assert!(text.contains(expected) && text.starts_with("GET http://127"), "{text}");
                assert!(!text.contains("secret"), "{text}");
            }
            other => panic!("{answers:?}: {other:?}"),
        }
    }
}

#[test]
fn only_what_may_be_repeated_is() {
    let ill = ["503 Service Unavailable", "200 OK|second"];
    for (method, key, asked) in [
        (Method::POST, None, 1),
        (Method::PATCH, None, 1),
        (Method::POST, Some("7"), 2),
        (Method::PUT, None, 2),
        (Method::DELETE, None, 2),
    ] {
        let server = Server::new(&ill);
        let (got, _) = one(&server, &method, key);
        assert_eq!((server.asked(), got.is_ok()), (asked, asked == 2), "{method}");
        let sent = server.asked.lock().unwrap().concat().to_lowercase();
        assert_eq!(sent.contains("idempotency-key: 7"), key.is_some());
        assert!(sent.contains("user-agent: ut/"), "{sent}");
    }
    // Nobody has seen it: a connection that was never made.
    let mut server = Server::new(&[]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    server.url = format!("http://{free}/").parse().unwrap();
    let (got, counted) = one(&server, &Method::POST, None);
    assert!(got.unwrap_err().to_string().contains("refused"));
    assert_eq!(counted, [0, 4, 0, 0]);
}

#[test]
fn a_server_that_asks_for_patience_has_it_or_is_left() {
    let begin = std::time::Instant::now();
    let server = Server::new(&["429 Too Many Requests\r\nRetry-After: 1", "200 OK|later"]);
    assert_eq!(one(&server, &Method::GET, None).0.unwrap(), "later");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    for wait in ["60", "99999999999999999999", "Mon, 23 Nov 2026 12:10:00 GMT"] {
        let answer = format!(
            "503 Service Unavailable\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nRetry-After: {wait}"
        );
        let server = Server::new(&[&answer, "200 OK"]);
        let (got, counted) = one(&server, &Method::GET, None);
        let text = got.unwrap_err().to_string();
        assert!(text.contains("asked to come back in"), "{text}");
        assert_eq!((server.asked(), counted), (1, [0, 1, 0, 0]));
    }
}

#[test]
fn an_open_breaker_sends_nothing() {
    let server = Server::new(&["500 Oh"; 20]);
    let folder = tempfile::tempdir().unwrap();
    let ctx = context(folder.path());
    let mut http = Http::open("server".parse().unwrap(), &Setup::default(), &ctx).unwrap();
    http.retry = Retry { retries: 9, base: Duration::from_millis(1), ..Retry::default() };
    let send = |http: &mut Http| {
        http.send(&Method::GET, &server.url, Repeat::ByMethod, |r| r, &ctx).unwrap_err()
    };
    // The fifth failure opens it, which ends the retries.
    let failed = send(&mut http).to_string();
    assert!(failed.contains("500 Internal Server Error"), "{failed}");
    assert_eq!(server.asked(), 5);
    let refused = send(&mut http).to_string();
    assert!(refused.starts_with("server: its breaker is open, next probe in 1 min"), "{refused}");
    assert_eq!(server.asked(), 5);
}

#[test]
fn secrets_of_an_address_are_not_shown() {
    let url: Url = "https://ada:pass@host:8443/a/b?key=1&x=2#f".parse().unwrap();
    assert_eq!(shown(&url), "https://host:8443/a/b?…");
    assert_eq!(shown(&"http://host/".parse().unwrap()), "http://host/");
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for content in [None, Some("no certificate")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let env = Environment::default();
        let text = format!("[http]\nca-file = {:?}\n", file.display().to_string());
        let config = folder.path().join("ut.toml");
        std::fs::write(&config, text).unwrap();
        let config = Config::load(&env, Some(&config)).unwrap();
        let out = Output::new(&env, Color::Never, Level::Quiet);
        let error =
            Http::open("x".parse().unwrap(), &Setup::default(), &Context::new(config, env, out))
                .unwrap_err();
        assert!(error.to_string().contains("cannot use the certificates of"), "{error}");
    }
}
