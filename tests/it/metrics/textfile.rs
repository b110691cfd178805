//! The text file for a node exporter: whole at any moment, and never older than it was.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use ut::core::config::Config;
use ut::core::metrics::textfile;
use ut::core::state::State;

use super::{complaints, environment, one_failure, shown};
use crate::processes::{Server, free_port, get, given, logged, quiet, wait_for, worker};
use crate::support::{Disk, Ran, Sandbox, skipped};

const FAILURES: &str = "ut_breaker_calls_total{breaker=\"db\",outcome=\"failure\"}";
const WRITERS: usize = 2;
const REWRITES: usize = 1_000;
const READS: usize = 10_000;
const KILLS: usize = 500;

/// Counts and renews, over and over.
fn renew(folder: &Path, log: &mut fs::File, times: usize) {
    let env = environment(folder);
    let config = Config::load(&env, None).unwrap();
    let state = State::open(folder).unwrap();
    for _ in 0..times {
        one_failure(&state);
        textfile::renew(folder, &config, &env).unwrap();
        log.write_all(b".").unwrap();
    }
}

#[test]
#[ignore = "one of several processes"]
fn renewing() {
    let (folder, mut log) = given();
    renew(&folder, &mut log, REWRITES / WRITERS);
}

/// What a whole file says was counted.
fn counted(folder: &Path) -> usize {
    let text = fs::read_to_string(folder.join("ut.prom")).unwrap();
    assert!(text.starts_with("# HELP ut_breaker_call_duration_seconds "), "{text}");
    let last = text.strip_suffix('\n').unwrap().lines().last().unwrap();
    assert!(last.starts_with("ut_state_size_bytes{file=\"wal\"} "), "{last}");
    shown(&text, FAILURES).unwrap().parse().unwrap()
}

#[test]
fn readers_see_whole_files_each_newer_than_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let start = |number| worker("metrics::textfile::renewing", folder.path(), number);
    let mut writers: Vec<Child> = (0..WRITERS).map(start).collect();
    wait_for("a first file", || folder.path().join("ut.prom").exists());
    let (mut reads, mut before, mut versions) = (0, 0, 0);
    while reads < READS || logged(folder.path()) < REWRITES {
        let now = counted(folder.path());
        assert!(now >= before, "{now} after {before}");
        versions += usize::from(now > before);
        (reads, before) = (reads + 1, now);
    }
    for writer in &mut writers {
        assert!(writer.wait().unwrap().success());
    }
    assert_eq!(counted(folder.path()), REWRITES);
    assert!(versions > 100, "{versions} versions in {reads} reads");
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log-first"), "").unwrap();
    let mut log = fs::File::create(folder.path().join("log-first")).unwrap();
    renew(folder.path(), &mut log, 1);
    let mut before = counted(folder.path());
    let mut random = fastrand::Rng::with_seed(1);
    let start = |number| worker("metrics::textfile::renewing", folder.path(), number);
    let mut workers: Vec<Child> = (0..WRITERS).map(start).collect();
    for number in 0..KILLS {
        std::thread::sleep(Duration::from_micros(random.u64(5_000..25_000)));
        let one = &mut workers[number % WRITERS];
        one.kill().unwrap();
        one.wait().unwrap();
        let now = counted(folder.path());
        assert!(now >= before, "{now} after {before}");
        before = now;
        *one = start(WRITERS + number);
    }
    for one in &mut workers {
        one.kill().unwrap();
        one.wait().unwrap();
    }
    // They came to renew it, and what they left keeps nobody from doing so.
    assert!(logged(folder.path()) > KILLS / 4, "{} renewals", logged(folder.path()));
    renew(folder.path(), &mut log, 1);
    assert!(counted(folder.path()) > before);
    assert!(!folder.path().join("ut.prom.new").exists());
}

#[test]
fn every_command_renews_the_file_and_none_fails_with_it() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("collected");
    let guard = |code: &str| {
        let mut command = sandbox.command();
        command.env("UT_TEXTFILE_DIR", &folder);
        command.args(["guard", "db", "--", "sh", "-c", &format!("exit {code}")]);
        Ran::from(command.output().unwrap())
    };
    let failed = guard("7");
    failed.fails(7, &["warning", "cannot use the folder", "collected", "No such file"]);
    assert_eq!(failed.stderr.lines().count(), 1, "{failed:?}");
    fs::create_dir(&folder).unwrap();
    assert!(guard("7").stderr.is_empty());
    let text = fs::read_to_string(folder.join("ut.prom")).unwrap();
    assert_eq!(shown(&text, FAILURES), Some("2"));
    // The command that wrote it is counted in it.
    let guards = "ut_commands_total{command=\"guard\",result=\"error\"}";
    assert_eq!(shown(&text, guards), Some("2"));
    assert_eq!(complaints(&text), None);
    assert!(guard("0").stderr.is_empty());
    let text = fs::read_to_string(folder.join("ut.prom")).unwrap();
    assert_eq!(shown(&text, "ut_commands_total{command=\"guard\",result=\"ok\"}"), Some("1"));
}

#[test]
fn it_can_be_read_by_others_whatever_the_umask() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("collected")).unwrap();
    let ut = env!("CARGO_BIN_EXE_ut");
    let script = format!("umask 077; '{ut}' metrics --textfile collected");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).env("UT_STATE_DIR", sandbox.path("state"));
    let ran = Ran::from(shell.current_dir(sandbox.path(".")).output().unwrap());
    assert!(ran.succeeds().stdout.starts_with("wrote "), "{ran:?}");
    let mode = |name: &str| fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("collected/ut.prom"), 0o644);
    let quiet = sandbox.ut(["metrics", "--quiet", "--textfile", "collected"]);
    assert!(quiet.succeeds().stdout.is_empty());
}

#[test]
fn a_folder_that_is_none_or_may_not_be_written_is_named() {
    let sandbox = Sandbox::new();
    let write = |folder: &str| sandbox.ut(["metrics", "--textfile", folder]);
    write("nowhere").fails(3, &["cannot use the folder nowhere", "No such file", "hint:"]);
    sandbox.write("file", "");
    write("file").fails(3, &["file is no folder"]);
    fs::create_dir_all(sandbox.path("taken/ut.prom")).unwrap();
    write("taken").fails(3, &["taken/ut.prom", "it is a folder"]);
    let mode = |name: &str, mode| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(sandbox.path("closed")).unwrap();
    mode(".", 0o755);
    mode("closed", 0o555);
    let mut command = sandbox.command();
    command.args(["metrics", "--textfile", "closed"]);
    if fs::write(sandbox.path("closed/probe"), "").is_ok() {
        // Root may write everywhere; somebody else takes its place.
        command.uid(65_534).gid(65_534);
    }
    match command.output() {
        Ok(output) => Ran::from(output).fails(3, &["closed/ut.prom", "Permission denied"]),
        Err(e) => eprintln!("skipped: nobody may run the program here: {e}"),
    }
}

#[test]
fn a_database_that_cannot_be_read_leaves_the_old_file() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("collected")).unwrap();
    sandbox.ut(["metrics", "--textfile", "collected"]).succeeds();
    let before = fs::read(sandbox.path("collected/ut.prom")).unwrap();
    for log in ["ut.db-wal", "ut.db-shm"] {
        fs::remove_file(sandbox.path("state").join(log)).unwrap();
    }
    sandbox.write("state/ut.db", "no database".repeat(1000));
    let ran = sandbox.ut(["metrics", "--textfile", "collected"]);
    ran.fails(3, &["cannot use", "ut.db"]);
    assert_eq!(fs::read(sandbox.path("collected/ut.prom")).unwrap(), before);
}

#[test]
fn a_full_disk_leaves_the_old_file_byte_for_byte() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("collected");
    fs::create_dir(&folder).unwrap();
    let Some(_disk) = Disk::mount(&folder, "size=128k") else {
        return eprintln!(
            "skipped: the text file on a full disk, for which a disk must be mounted"
        );
    };
    let write = || sandbox.ut(["metrics", "--textfile", "collected"]);
    write().succeeds();
    let before = fs::read(folder.join("ut.prom")).unwrap();
    // What is left is not enough for another.
    fs::write(folder.join("filler"), vec![0; 128 * 1024 - before.len() - 8 * 1024]).unwrap();
    for _ in 0..2 {
        write().fails(3, &["cannot write", "ut.prom", "No space left"]);
        assert!(fs::read(folder.join("ut.prom")).unwrap() == before);
        assert!(!folder.join("ut.prom.new").exists());
    }
    fs::remove_file(folder.join("filler")).unwrap();
    write().succeeds();
    assert!(fs::read(folder.join("ut.prom")).unwrap() != before);
}

#[test]
fn a_node_exporter_exports_what_is_in_it() {
    let program = "prometheus-node-exporter";
    if let Err(error) = quiet(Command::new(program).arg("--version")).status() {
        return skipped("a node exporter that reads the text file", error);
    }
    let sandbox = Sandbox::new();
    let (folder, port) = (sandbox.path("collected"), free_port());
    fs::create_dir(&folder).unwrap();
    sandbox.ut(["guard", "db", "--", "false"]);
    sandbox.ut(["metrics", "--textfile", "collected"]).succeeds();
    let (own, address) = (folder.clone(), format!("127.0.0.1:{port}"));
    let listen = address.clone();
    let _server = Server::new(move || {
        let mut command = Command::new(program);
        command.args(["--collector.disable-defaults", "--collector.textfile"]);
        command.arg(format!("--collector.textfile.directory={}", own.display()));
        command.arg(format!("--web.listen-address={listen}"));
        quiet(&mut command).spawn().unwrap()
    });
    let scrape = || get(&address, "/metrics");
    wait_for("it answers", || scrape().is_some());
    let first = scrape().unwrap();
    assert_eq!(shown(&first, "node_textfile_scrape_error"), Some("0"));
    assert_eq!(shown(&first, FAILURES), Some("1"));
    assert!(first.contains("# TYPE ut_breaker_calls_total counter"));
    assert!(first.contains("# HELP ut_commands_total Invocations of ut by subcommand and result."));
    // All of it, and nothing of the lock beside it.
    let text = fs::read_to_string(folder.join("ut.prom")).unwrap();
    let of_ut = |text: &str| text.lines().filter(|line| line.starts_with("ut_")).count();
    assert_eq!(of_ut(&first), of_ut(&text));
    assert_eq!(first.matches("node_textfile_mtime_seconds{").count(), 1);
    sandbox.ut(["guard", "db", "--", "false"]);
    sandbox.ut(["metrics", "--textfile", "collected"]).succeeds();
    let second = scrape().unwrap();
    assert_eq!(shown(&second, FAILURES), Some("2"));
    assert_eq!(shown(&second, "node_textfile_scrape_error"), Some("0"));
}
