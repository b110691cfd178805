//! Lines of shell that end well, badly or not at all.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ut::health::Status;

use super::look::{again, is_again, look, refuses, sees};
use crate::processes::quiet;
use crate::support::{Sandbox, skipped};

fn line(command: &str) -> String {
    format!("command = '''{command}'''\n")
}

#[test]
fn how_a_line_of_shell_ends_is_judged() {
    for (command, more, status, said) in [
        ("echo; echo ' all well '; echo more", "", Status::Pass, "all well"),
        ("true", "", Status::Pass, "exit 0"),
        ("echo \"$UT_TOLD\"", "", Status::Pass, "as told"),
        ("cat; echo \"[$HOME]\"", "", Status::Pass, "[]"),
        ("echo 10 %; echo disk on fire >&2; exit 3", "", Status::Fail, "exit 3: disk on fire"),
        ("echo 10 %; exit 3", "", Status::Fail, "exit 3: 10 %"),
        ("exit 1", "", Status::Fail, "exit 1"),
        ("kill -SEGV $$", "", Status::Fail, "ended by SIGSEGV"),
        ("echo bye; kill -KILL $$", "", Status::Fail, "ended by SIGKILL: bye"),
        ("echo ready", "contains = \"ready\"", Status::Pass, "ready"),
        ("echo so; echo ready >&2", "contains = \"ready\"", Status::Pass, "so"),
        ("echo so", "contains = \"ready\"", Status::Fail, "lacks \"ready\": so"),
        ("exit 4", "contains = \"ready\"", Status::Fail, "exit 4"),
        ("printf 'a\\033[31mb'", "", Status::Pass, "a\u{fffd}[31mb"),
        ("echo DISK OK '|' /=9%", "plugin = true", Status::Pass, "DISK OK"),
        ("echo DISK WARNING; exit 1", "plugin = true", Status::Warn, "DISK WARNING"),
        ("echo DISK CRITICAL; exit 2", "plugin = true", Status::Fail, "DISK CRITICAL"),
        ("echo DISK UNKNOWN; exit 3", "plugin = true", Status::Fail, "DISK UNKNOWN"),
        ("echo what; exit 4", "plugin = true", Status::Fail, "exit 4: what"),
        ("echo '|a=1'", "plugin = true", Status::Pass, "exit 0"),
        ("exit 2", "plugin = true", Status::Fail, "exit 2"),
    ] {
        let verdict = sees("command", &(line(command) + more), status, said);
        assert_eq!(verdict.data.is_empty(), said.starts_with("ended by"), "{verdict:?}");
    }
    let missing = look("command", &line("no-such-command"));
    assert!(missing.output.starts_with("exit 127: "), "{missing:?}");
    let verdict =
        look("command", &(line("echo 'ok | used=93%;80;90 latency=7s'") + "plugin = true"));
    let named: Vec<_> = verdict.data.iter().map(|datum| datum.name.as_str()).collect();
    assert_eq!(named, ["latency", "used"]);
    assert!(verdict.data[0].value < 2.0 && verdict.data[1].warn == Some(80.0));
}

#[test]
fn a_line_that_does_not_end_is_left_in_time() {
    let soon = |command: &str| line(command) + "timeout = \"600ms\"";
    for (command, said) in [
        ("sleep 60", "timeout after 600 ms"),
        ("echo begun; sleep 60; true", "timeout after 600 ms: begun"),
        ("trap '' TERM INT HUP; while true; do sleep 1; done", "timeout after 600 ms"),
        ("yes", "timeout after 600 ms: y"),
        ("kill -STOP $$", "timeout after 600 ms"),
    ] {
        assert!(sees("command", &soon(command), Status::Fail, said).data.is_empty());
    }
    let verdict = look("command", &(line("sleep 0.1; echo done") + "warn-after = \"80ms\""));
    assert_eq!(verdict.status, Status::Warn);
    assert!(verdict.output.ends_with(" ms (limit 80 ms): done"), "{verdict:?}");
}

#[test]
fn a_line_that_prints_much_is_read_to_its_end() {
    let much = line("yes | head -c 1G; echo >&2 done") + "timeout = \"60s\"\ncontains = \"done\"";
    sees("command", &much, Status::Pass, "y");
    let both = line("yes | head -c 10M >&2; yes n | head -c 10M") + "timeout = \"60s\"";
    sees("command", &both, Status::Pass, "n");
}

/// A queue that every process of a line has open: its end says that all of them are gone.
struct Alive(Sandbox);

impl Alive {
    fn new() -> Self {
        let alive = Self(Sandbox::new());
        let made = Command::new("mkfifo").arg(alive.path()).status().unwrap();
        assert!(made.success());
        alive
    }

    fn path(&self) -> PathBuf {
        self.0.path("alive")
    }

    /// A line that tells when it has begun, and then does something that takes a minute.
    fn line(&self, rest: &str) -> String {
        format!("exec 9>{}; echo 1 >&9; {rest}", self.path().display())
    }

    /// Waits until it has begun, does that, and waits until nobody is left. They do not end by themselves.
    fn ends(&self, after: impl FnOnce()) {
        let mut queue = File::open(self.path()).unwrap();
        queue.read_exact(&mut [0; 2]).unwrap();
        after();
        let begin = Instant::now();
        assert_eq!(queue.read_to_end(&mut Vec::new()).unwrap(), 0);
        assert!(begin.elapsed() < Duration::from_secs(40), "some stayed to their own end");
    }
}

#[test]
fn nothing_that_a_line_leaves_behind_stays_or_is_waited_for() {
    for (rest, status, said) in [
        ("echo begun; sleep 60 & exit 0", Status::Pass, "begun"),
        ("(trap '' TERM; sleep 30; sleep 30) & exit 2", Status::Fail, "exit 2"),
        ("sleep 60 & sleep 60", Status::Fail, "timeout after 1 s"),
        ("yes & exit 0", Status::Pass, ""),
    ] {
        let alive = Alive::new();
        std::thread::scope(|scope| {
            scope.spawn(|| alive.ends(|| ()));
            let verdict = look("command", &(line(&alive.line(rest)) + "timeout = \"1s\""));
            assert_eq!(verdict.status, status, "{verdict:?}");
            assert!(said.is_empty() || verdict.output == said, "{verdict:?}");
        });
    }
    // One that leaves the group cannot be killed, and is not waited for.
    if let Err(error) = quiet(Command::new("setsid").arg("--version")).status() {
        return skipped("a session of its own", error);
    }
    sees("command", &line("setsid sleep 3 & echo off; sleep 0.1"), Status::Pass, "off");
}

#[test]
fn a_signal_that_ends_us_ends_the_line_too() {
    if is_again() {
        let described = line(&std::env::var("UT_TEST_LINE").unwrap()) + "timeout = \"60s\"";
        look("command", &described);
        return;
    }
    for signal in [2, 15, 1] {
        let alive = Alive::new();
        let mut test = again("health::command::a_signal_that_ends_us_ends_the_line_too");
        test.env("UT_TEST_LINE", alive.line("sleep 60 & sleep 60"));
        let mut child = quiet(&mut test).spawn().unwrap();
        alive.ends(|| {
            let pid = child.id().to_string();
            let told = Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
            assert!(told.success());
            assert_eq!(child.wait().unwrap().signal(), Some(signal));
        });
    }
}

/// On a terminal of which it is not in the foreground, who reads it or sets it is stopped.
#[test]
fn a_line_that_wants_the_terminal_is_ended() {
    if is_again() {
        for command in ["cat /dev/tty", "echo why; stty -echo < /dev/tty; true"] {
            let verdict = look("command", &(line(command) + "timeout = \"20s\""));
            assert!(verdict.output.starts_with("wants the terminal"), "{verdict:?}");
        }
        return;
    }
    let test = again("health::command::a_line_that_wants_the_terminal_is_ended");
    let args: Vec<_> = test.get_args().map(|arg| arg.to_str().unwrap()).collect();
    let line = format!("{} {}", test.get_program().display(), args.join(" "));
    let mut script = Command::new("script");
    script.args(["-qefc", &line, "/dev/null"]).env("UT_TEST_AGAIN", "1").stdin(Stdio::null());
    match script.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
        }
        Err(error) => skipped("a terminal", error),
    }
}

#[test]
fn lines_that_cannot_be_are_refused() {
    refuses(
        "command",
        &[
            ("", "this check lacks its `command`"),
            ("command = \"a\\u0000b\"", "`command`: a line of shell cannot have a zero byte"),
            ("command = \"true\"\nwarn-after = \"1min\"", "`warn-after`"),
            (
                "command = \"true\"\nexpect = \"x\"",
                "`expect` says nothing of a check of kind command",
            ),
        ],
    );
}
