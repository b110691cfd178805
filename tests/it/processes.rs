//! Processes that tests start: this program again, and servers.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// This program again, as one of several processes that run the ignored test of this name.
pub(crate) fn worker(test: &str, folder: &Path, number: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("FOLDER", folder)
        .env("NUMBER", number.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a worker is given: a folder, and its own log in it.
pub(crate) fn given() -> (PathBuf, fs::File) {
    let folder = PathBuf::from(std::env::var("FOLDER").unwrap());
    let number = std::env::var("NUMBER").unwrap();
    let log = fs::File::create(folder.join(format!("log-{number}"))).unwrap();
    (folder, log)
}

/// Bytes in the logs of all workers.
pub(crate) fn logged(folder: &Path) -> usize {
    let logs = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let logs = logs.filter(|file| file.file_name().to_string_lossy().starts_with("log-"));
    logs.map(|file| file.metadata().unwrap().len() as usize).sum()
}

/// Workers of which one after the other is killed and followed by another, until so many bytes are logged. How many
/// were killed.
pub(crate) fn kill_at_random(test: &str, folder: &Path, workers: usize, enough: usize) -> usize {
    let start = |number| worker(test, folder, number);
    let mut all: Vec<Child> = (0..workers).map(start).collect();
    let (mut begun, mut kills) = (workers, 0);
    for tick in 0_usize.. {
        std::thread::sleep(Duration::from_millis(15));
        let one = &mut all[tick * 5 % workers];
        if one.try_wait().unwrap().is_none() {
            one.kill().unwrap();
            one.wait().unwrap();
            kills += 1;
        }
        // Whoever ended or was killed is followed by another.
        for own in &mut all {
            if own.try_wait().unwrap().is_some() {
                *own = start(begun);
                begun += 1;
            }
        }
        if logged(folder) >= enough {
            break;
        }
    }
    for own in &mut all {
        kills += usize::from(own.try_wait().unwrap().is_none());
        own.kill().unwrap();
        own.wait().unwrap();
    }
    kills
}

/// A server that can be killed and started again.
pub(crate) struct Server {
    run: Box<dyn Fn() -> Child>,
    child: Child,
}

impl Server {
    pub(crate) fn new(run: impl Fn() -> Child + 'static) -> Self {
        Self { child: run(), run: Box::new(run) }
    }

    pub(crate) fn start(&mut self) {
        self.child = (self.run)();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// The body of what a server answers, if that is a success.
pub(crate) fn get(address: &str, path: &str) -> Option<String> {
    let mut connection = TcpStream::connect(address).ok()?;
    // A server closes the connection after an answer to HTTP/1.0, which is in one piece.
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1)?.starts_with('2').then(|| body.to_owned())
}

pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

pub(crate) fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
