//! `ut breaker-status` and `ut breaker`, settings, and a state that cannot be used.

use std::fs;
use std::time::Duration;

use crate::support::{Disk, Ran, Sandbox};

#[test]
fn by_hand() {
    let sandbox = Sandbox::new();
    let breaker = |args: &[&str]| sandbox.ut([&["breaker"], args].concat());
    breaker(&["open", "db", "--reason", "upgrade"]).succeeds();
    sandbox.shell(&["db"], "true").fails(75, &["db: forced open, by hand"]);
    let table = sandbox.ut(["breaker-status"]).stdout;
    assert!(table.contains("somebody: upgrade") && table.contains("never"), "{table}");
    breaker(&["disable", "--all"]).succeeds();
    for _ in 0..9 {
        assert_eq!(sandbox.shell(&["db"], "exit 1").code, Some(1));
    }
    assert_eq!(sandbox.ut(["breaker-status", "--nagios"]).code, Some(1));
    breaker(&["enable", "db"]).succeeds();
    assert_eq!(sandbox.state_of("db")["state"], "closed");
    breaker(&["open", "db", "--for", "100ms"]).succeeds();
    std::thread::sleep(Duration::from_millis(150));
    sandbox.shell(&["db"], "true").succeeds();
    assert_eq!(sandbox.state_of("db")["state"], "closed");
    breaker(&["reset"]).fails(2, &["--all"]);
    for wrong in ["0s", "-1s", "2"] {
        breaker(&["open", "db", &format!("--for={wrong}")]).fails(2, &["--for"]);
    }
    for order in ["reset", "enable"] {
        breaker(&[order, "dbb"]).fails(2, &["under the breaker dbb yet", "did you mean db?"]);
    }
    breaker(&["reset", "db", "--all"]).fails(2, &["--all"]);
    sandbox
        .ut(["breaker-status", "dbb"])
        .fails(2, &["under the breaker dbb yet", "did you mean db?"]);
    sandbox.write("ut.toml", "[breakers.new]\nthreshold = 3\n");
    assert_eq!(sandbox.state_of("new")["threshold"], 3);
}

#[test]
fn configuration_is_for_all_or_for_one() {
    let sandbox = Sandbox::new();
    sandbox.write("ut.toml", "[breakers]\nthreshold = 3\n[breakers.\"my.db\"]\nthreshold = 1\nevery = \"15min\"\nwindow=\"5min\"\n");
    sandbox.shell(&["my.db"], "exit 1");
    sandbox.shell(&["other"], "exit 1");
    assert_eq!(sandbox.state_of("my.db")["state"], "open");
    assert_eq!(sandbox.state_of("other")["threshold"], 3);
    let show = sandbox.ut(["config", "show"]).succeeds().stdout.clone();
    assert!(
        show.contains("breakers.threshold = 3  #")
            && show.contains("breakers.my.db.threshold = 1  #"),
        "{show}"
    );
    assert!(sandbox.ut(["config", "check"]).succeeds().stderr.is_empty());
    sandbox.write("ut.toml", "[breakers.db]\nevery = \"15min\"\n");
    let check = sandbox.ut(["config", "check"]);
    assert!(
        check.succeeds().stderr.contains("breaker db cannot open: 1 of its calls")
            && check.stderr.contains("window = \"1h\""),
        "{check:?}"
    );
}

/// The command runs with its own code, and one line says why the state was not used.
fn runs_unguarded(ran: &Ran, said: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "ran\n"), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains(said) && ran.stderr.contains("calls pass unguarded"), "{ran:?}");
}

#[test]
fn a_state_that_cannot_be_used_does_not_keep_the_command_from_running() {
    let line = "echo ran; exit 7";
    let sandbox = Sandbox::new();
    sandbox.write("state", "a file");
    runs_unguarded(&sandbox.shell(&["db"], line), "cannot create the state folder");
    let mut refuse = sandbox.command();
    refuse.env("UT_BREAKERS_ON_STORE_ERROR", "refuse").args(["guard", "db", "--", "echo", "ran"]);
    let refused = Ran::from(refuse.output().unwrap());
    refused.fails(75, &["cannot create the state folder"]);
    // A database that another program wrote, or that is none.
    let sandbox = Sandbox::new();
    sandbox.shell(&["db"], "true").succeeds();
    for log in ["ut.db-wal", "ut.db-shm"] {
        fs::remove_file(sandbox.path("state").join(log)).unwrap();
    }
    sandbox.write("state/ut.db", "no database".repeat(1000));
    let ran = sandbox.shell(&["db"], line);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "ran\n"));
    assert!(ran.stderr.contains("was damaged and is now"), "{ran:?}");
    assert_eq!(sandbox.state_of("db")["totals"]["failure"], 1);
    let set_aside = |entry: fs::DirEntry| entry.file_name().to_string_lossy().contains("corrupt");
    assert!(fs::read_dir(sandbox.path("state")).unwrap().any(|entry| set_aside(entry.unwrap())));
    // Switched off.
    let mut off = sandbox.command();
    off.env("UT_BREAKERS_DISABLED", "1").args(["guard", "db", "--", "false"]);
    assert_eq!(off.output().unwrap().status.code(), Some(1));
    assert_eq!(sandbox.state_of("db")["totals"]["failure"], 1);
}

#[test]
fn a_full_disk_does_not_keep_the_command_from_running() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("state");
    fs::create_dir(&folder).unwrap();
    let Some(_disk) = Disk::mount(&folder, "size=64k") else {
        return eprintln!("skipped: the state on a full disk, for which a disk must be mounted");
    };
    fs::write(folder.join("filler"), vec![0; 60 * 1024]).unwrap();
    runs_unguarded(&sandbox.shell(&["db"], "echo ran; exit 7"), "full");
}
