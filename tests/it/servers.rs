//! Redis and PostgreSQL under load, killed and started again: the breaker opens, callers are rejected at once, and one
//! probe brings them back.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, skipped};

const CALLERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that can be killed and started again.
struct Server {
    start: Box<dyn Fn() -> Child>,
    child: Child,
}

impl Server {
    fn new(start: impl Fn() -> Child + 'static) -> Self {
        Self { child: start(), start: Box::new(start) }
    }

    fn kill(&mut self) {
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

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// Calls until told to stop; how long each rejection took, from the start of its process.
fn calls(sandbox: &Sandbox, command: &[&str], stop: &AtomicBool) -> Vec<Duration> {
    let mut rejections = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut guard = sandbox.command();
        guard.args(["guard", "server", "--open-for", "300ms", "--timeout", "2s", "--"]);
        guard.args(command);
        let begin = Instant::now();
        let code = quiet(&mut guard).status().unwrap().code();
        match code {
            Some(75) => rejections.push(begin.elapsed()),
            Some(0..=2 | 124) => {}
            other => panic!("{other:?}"),
        }
    }
    rejections
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Also when a test fails: else its callers would go on.
struct Stops<'s>(&'s AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn outlives(mut server: Server, command: &[&str]) {
    let sandbox = Sandbox::new();
    let succeeds =
        || quiet(Command::new(command[0]).args(&command[1..])).status().unwrap().success();
    wait_for("the server starts", succeeds);
    let is = |state: &str| {
        let ran = sandbox.ut(["breaker-status", "server", "--format", "json"]);
        ran.stdout.contains(&format!("\"state\": \"{state}\""))
    };
    let stop = AtomicBool::new(false);
    let mut rejections: Vec<Duration> = std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        let one = |_| scope.spawn(|| calls(&sandbox, command, &stop));
        let callers: Vec<_> = (0..CALLERS).map(one).collect();
        wait_for("calls pass", || is("closed"));
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(500));
            server.kill();
            wait_for("it opens", || is("open"));
            // Probes fail, one at a time.
            std::thread::sleep(Duration::from_secs(1));
            server.child = (server.start)();
            wait_for("it closes", || is("closed"));
        }
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let ran = sandbox.ut(["breaker-status", "server", "--format", "json"]).json();
    let totals = &ran["breakers"][0]["totals"];
    assert_eq!(totals["transitions"]["half_open-closed"], 2, "{totals}");
    assert_eq!(totals["rejected"], rejections.len(), "{totals}");
    rejections.sort_unstable();
    let [median, p99] = [50, 99].map(|p| rejections[rejections.len() * p / 100]);
    eprintln!("{}: {totals}; rejections: median {median:?}, 99 % {p99:?}", command[0]);
    assert!(rejections.len() > 100);
}

#[test]
fn redis_is_killed_and_comes_back() {
    let port = free_port();
    if let Err(error) = quiet(Command::new("redis-server").arg("--version")).status() {
        return skipped("Redis under a breaker", error);
    }
    let own = port.clone();
    let server = Server::new(move || {
        let mut command = Command::new("redis-server");
        command.args(["--port", &own, "--save", "", "--appendonly", "no"]);
        quiet(&mut command).spawn().unwrap()
    });
    outlives(server, &["redis-cli", "-e", "-p", &port, "incr", "calls"]);
}

/// Debian keeps the server's programs beside each other, out of the way.
fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let id = |args: &[&str]| -> u32 {
        let output = Command::new("id").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    let mut command = Command::new(program);
    if id(&["-u"]) == 0 {
        command.uid(id(&["-u", "postgres"])).gid(id(&["-g", "postgres"]));
    }
    command
}

#[test]
fn postgresql_is_killed_and_comes_back() {
    let Some(programs) = postgres_programs() else {
        return skipped("PostgreSQL under a breaker", "it is not in /usr/lib/postgresql");
    };
    let folder = tempfile::tempdir().unwrap();
    let opened = Command::new("chmod").arg("777").arg(folder.path()).status();
    assert!(opened.unwrap().success());
    let (data, port) = (folder.path().join("data"), free_port());
    let mut initdb = as_postgres(&programs.join("initdb"));
    initdb.args(["--no-sync", "--auth", "trust", "--username", "postgres", "-D"]).arg(&data);
    assert!(quiet(&mut initdb).status().unwrap().success());
    let (own, program) = (port.clone(), programs.join("postgres"));
    let server = Server::new(move || {
        // What a killed one leaves behind.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        let mut command = as_postgres(&program);
        command.arg("-D").arg(&data).args(["-p", &own, "-k", "", "-F"]);
        quiet(&mut command).spawn().unwrap()
    });
    let psql = ["psql", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", "select 1"];
    outlives(server, &psql);
}
