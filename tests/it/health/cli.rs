//! On the command line, and as a plugin of Nagios.

use std::fs::File;
use std::time::{Duration, SystemTime};

use super::{configured, file};
use crate::support::{Sandbox, metrics};

#[test]
fn without_configuration_it_looks_at_what_it_finds() {
    let sandbox = Sandbox::new();
    let ran = sandbox.ut(["health", "--disk-error", "100", "--format", "json"]);
    let json = ran.succeeds().json();
    let names: Vec<&str> =
        json["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["disk"]) && names.contains(&"breaker"), "{names:?}");
    assert_eq!(json["schema"], "ut.health/1");
    assert!(json["circuit_breakers"].as_array().unwrap().is_empty());
    assert!(json["checks"][0]["output"].as_str().unwrap().starts_with("/ "), "{json:#}");
}

#[test]
fn one_that_fails_does_not_silence_the_others() {
    let sandbox = configured(&[file("backup", ""), file("beat", "")].concat());
    sandbox.write("beat", "");
    let ran = sandbox.ut(["health"]);
    ran.fails(1, &[]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:?}");
    assert!(lines[0].starts_with("fail  backup  ") && lines[0].ends_with("backup is not there"));
    assert!(lines[1].starts_with("pass  beat    ") && lines[1].ends_with(" ago"));
    assert_eq!(lines[2], "fail: 1 of 2 checks failed");
    let quiet = sandbox.ut(["health", "-q"]);
    assert_eq!(quiet.stdout.lines().collect::<Vec<_>>(), [lines[0]]);
    sandbox.write("backup", "");
    let well = sandbox.ut(["health", "-q"]);
    assert_eq!((well.succeeds().stdout.as_str(), well.stderr.as_str()), ("", ""));
}

#[test]
fn what_is_not_critical_only_warns() {
    let sandbox = configured(&file("backup", "critical = false"));
    let ran = sandbox.ut(["health"]);
    assert!(ran.succeeds().stdout.starts_with("warn  backup"), "{ran:?}");
    assert!(ran.stdout.ends_with("warn: 1 of 1 check warns\n"), "{ran:?}");
}

#[test]
fn checks_are_chosen_by_name_or_kind() {
    let disk = "[[health.check]]\nname = \"data\"\nkind = \"disk\"\npath = \".\"\nerror = 100\n";
    let sandbox = configured(&[file("backup", ""), disk.to_owned()].concat());
    for only in ["data", "disk"] {
        let json = sandbox.ut(["health", "--only", only, "--format", "json"]).succeeds().json();
        assert_eq!(json["checks"].as_array().unwrap().len(), 1, "{only}");
    }
    let both = sandbox.ut(["health", "--only", "disk", "--only", "backup"]);
    both.fails(1, &[]);
    assert!(both.stdout.contains("1 of 2"), "{both:?}");
    sandbox
        .ut(["health", "--only", "bakcup"])
        .fails(2, &["no check `bakcup`", "did you mean backup?"]);
    sandbox.ut(["health", "--only", "x"]).fails(2, &["there are backup, data"]);
}

#[test]
fn nagios_gets_its_line_and_codes() {
    let sandbox = configured(&file("backup", ""));
    let fails = sandbox.ut(["health", "--nagios"]);
    fails.fails(2, &[]);
    assert!(fails.stdout.starts_with("HEALTH CRITICAL - backup "), "{fails:?}");
    sandbox.write("backup", "");
    let well = sandbox.ut(["health", "--nagios"]);
    assert!(well.succeeds().stdout.starts_with("HEALTH OK - pass: 1 check | 'backup age'="));
    assert_eq!(well.stdout.lines().count(), 1);
    sandbox.write("ut.toml", "[health]\ndefaults = false\n[[health.check]]\nname = \"x\"\n");
    let wrong = sandbox.ut(["health", "--nagios"]);
    wrong.fails(3, &[]);
    assert!(wrong.stdout.starts_with("HEALTH UNKNOWN - "), "{wrong:?}");
    sandbox.ut(["health", "--nagios", "--format", "json"]).fails(2, &["cannot be used with"]);
}

#[test]
fn an_open_breaker_is_a_failure_only_where_it_is_critical() {
    let check = "[[health.check]]\nkind = \"breaker\"\n";
    let sandbox = configured(check);
    assert!(sandbox.ut(["health"]).succeeds().stdout.contains("no breakers yet"));
    sandbox.ut(["guard", "db", "--", "true"]).succeeds();
    sandbox.ut(["guard", "s3", "--", "true"]).succeeds();
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("pass  breaker  2 closed\n"));
    sandbox.ut(["breaker", "open", "db"]).succeeds();
    let warns = sandbox.ut(["health"]);
    assert!(warns.succeeds().stdout.starts_with("warn  breaker  db forced open; 1 of 2 closed\n"));
    let json = sandbox.ut(["health", "--format", "json"]).json();
    assert_eq!(json["circuit_breakers"][0]["state"], "forced_open");
    sandbox.write("ut.toml", format!("[health]\ndefaults = false\n{check}critical = true\n"));
    sandbox.ut(["health"]).fails(1, &[]);
    sandbox.write(
        "ut.toml",
        format!(
            "[health]\ndefaults = false\n{check}critical = true\nbreakers = [\"s3\", \"new\"]\n"
        ),
    );
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("pass  breaker  2 closed\n"));
    sandbox.ut(["breaker", "disable", "s3"]).succeeds();
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("warn"));
}

#[test]
fn a_disk_is_judged_by_its_limits_and_its_growth() {
    let check = "[[health.check]]\nkind = \"disk\"\npath = \".\"\n";
    let sandbox = configured(&format!("{check}error = 100\nwarn = 100\n"));
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("pass  disk"));
    let over = sandbox.ut(["health", "--disk-error", "0"]);
    over.fails(1, &[]);
    assert!(over.stdout.contains("% (limit 0 %)"), "{over:?}");
    assert!(!over.stdout.contains("full in about"), "{over:?}");
    // An hour ago it was nearly empty.
    let state = rusqlite::Connection::open(sandbox.path("state/ut.db")).unwrap();
    let changed =
        state.execute("UPDATE disk_history SET at = at - 3600 * 1000000, used = 1", []).unwrap();
    assert_eq!(changed, 1);
    let grows = sandbox.ut(["health"]);
    assert!(grows.stdout.contains(", full in about "), "{grows:?}");
    sandbox.write("ut.toml", "[[health.check]]\nkind = \"disk\"\npath = \"nowhere\"\n");
    sandbox.ut(["health", "--only", "disk"]).fails(1, &[]);
}

#[test]
fn a_windows_age_is_from_its_last_save() {
    let sandbox = configured("[[health.check]]\nkind = \"window-age\"\n[infer]\nwindow = \"w\"\n");
    let none = sandbox.ut(["health"]);
    assert!(none.succeeds().stdout.contains("w is not there yet"), "{none:?}");
    sandbox.infer_rows(metrics(&["a"], 200), &["--window", "w"]).succeeds();
    let fresh = sandbox.ut(["health"]);
    assert!(fresh.succeeds().stdout.starts_with("pass  window-age  saved "), "{fresh:?}");
    let old =
        "[[health.check]]\nkind = \"window-age\"\nwarn-age = \"1us\"\n[infer]\nwindow = \"w\"\n";
    sandbox.write("ut.toml", format!("[health]\ndefaults = false\n{old}"));
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("warn  window-age  saved "));
    let window = std::fs::read(sandbox.path("w")).unwrap();
    sandbox.write("w", &window[..window.len() / 2]);
    let damaged = sandbox.ut(["health"]);
    damaged.fails(1, &[]);
    assert!(damaged.stdout.contains("damaged"), "{damaged:?}");
}

#[test]
fn a_files_age_is_from_its_last_change_and_a_folders_from_its_newest_file() {
    let check = |more| format!("[[health.check]]\nkind = \"file-age\"\npath = \"backups\"\n{more}");
    let sandbox = configured(&check("max-age = \"1d\"\nwarn-age = \"2h\"\n"));
    std::fs::create_dir(sandbox.path("backups")).unwrap();
    let empty = sandbox.ut(["health"]);
    empty.fails(1, &[]);
    assert!(empty.stdout.contains("backups holds no file"), "{empty:?}");
    let aged = |name: &str, hours: u64| {
        let file = File::create(sandbox.path(&format!("backups/{name}"))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
    };
    aged("old", 50);
    let old = sandbox.ut(["health"]);
    old.fails(1, &[]);
    assert!(old.stdout.contains("written 2 d 2 h ago (limit 1 d)"), "{old:?}");
    aged("newer", 3);
    let warns = sandbox.ut(["health"]);
    assert!(warns.succeeds().stdout.contains("written 3 h ago (limit 2 h)"), "{warns:?}");
    aged("new", 1);
    assert!(sandbox.ut(["health"]).succeeds().stdout.starts_with("pass"));
}

#[test]
fn what_cannot_be_checked_is_refused_where_it_is_said() {
    let check = |text: &str| format!("[[health.check]]\n{text}\n");
    let twice = [check("kind = \"disk\""), check("kind = \"disk\"")].concat();
    for (text, said) in [
        (check("name = \"x\""), &["ut.toml:3: this check lacks its `kind`"][..]),
        (check("kind = \"htpp\""), &["ut.toml:4: `kind` is \"htpp\"", "did you mean \"http\"?"]),
        (
            check("kind = \"disk\"\nurl = \"x\""),
            &["ut.toml:5: `url` says nothing of a check of kind disk"],
        ),
        (
            check("kind = \"disk\"\nerorr = 1"),
            &["ut.toml:5: there is no setting `erorr` in [[health.check]]", "`error`"],
        ),
        (
            check("kind = \"disk\"\nerror = 101"),
            &["ut.toml:5: `error` is 101, a number from 0 to 100"],
        ),
        (check("kind = \"disk\"\nwarn = 95"), &["ut.toml:5: `warn`: it is above `error`, 90"]),
        (check("kind = \"disk\"\ntimeout = \"0s\""), &["ut.toml:5: `timeout`: more than nothing"]),
        (check("kind = \"disk\"\ntimeout = \"1h\""), &["at most 10min"]),
        (
            check("kind = \"disk\"\nname = \"My Disk\""),
            &["ut.toml:5: `name`: \"My Disk\": a name of lower-case"],
        ),
        (check("kind = \"file-age\""), &["lacks its `path`"]),
        (check("kind = \"file-age\"\npath = \"x\""), &["it needs a `max-age`"]),
        (
            check("kind = \"file-age\"\npath = \"x\"\nmax-age = \"1h\"\nwarn-age = \"2h\""),
            &["longer than `max-age`"],
        ),
        (check("kind = \"window-age\""), &["`path`: it is not said", "infer.window"]),
        (check("kind = \"breaker\"\nbreakers = [\"A b\"]"), &["`breakers`: \"A b\""]),
        (twice, &["there are two checks `disk`"]),
        ("check = 3\n".to_owned(), &["`health.check` is no list of tables", "[[health.check]]"]),
    ] {
        let sandbox = configured(&text);
        let ran = sandbox.ut(["health"]);
        ran.fails(2, said);
        assert_eq!(ran.stdout, "", "{text}");
    }
}

#[test]
fn the_configuration_shows_checks_and_hides_secrets() {
    let http = "[[health.check]]\nkind = \"http\"\nurl = \"http://ada:hidden@h.example.com/x\"\n";
    let webhook = "webhook = \"https://h.example.com/token\"\n";
    let sandbox = configured(&[webhook, &file("a", ""), http].concat());
    let shown = sandbox.ut(["config", "show"]);
    assert!(shown.succeeds().stdout.contains("health.webhook = \"…\""), "{shown:?}");
    assert!(
        shown.stdout.contains("[[health.check]]  # ")
            && shown.stdout.contains("kind = \"file-age\"")
    );
    let json = sandbox.ut(["config", "show", "--format", "json"]);
    for said in [&shown.stdout, &json.stdout] {
        assert!(!said.contains("token") && !said.contains("hidden"), "{said}");
        assert!(said.contains("http://h.example.com/x"), "{said}");
    }
    assert_eq!(json.json()["lists"]["health.check"][0]["name"], "a");
    let listed = configured("webhook = [\"https://h.example.com/token\"]\n").ut(["health"]);
    listed.fails(2, &["ut.toml:3: `health.webhook` is …, a text was expected"]);
    assert!(!listed.stderr.contains("token"), "{listed:?}");
}

#[test]
fn somebody_who_holds_the_state_up_does_not_fail_checks() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tcp = format!("[[health.check]]\nkind = \"tcp\"\naddress = \"{address}\"\n");
    let disk = "[[health.check]]\nkind = \"disk\"\npath = \".\"\nerror = 100\nwarn = 100\n";
    let sandbox = configured(&[&tcp, disk].concat());
    sandbox.ut(["config", "show"]).succeeds();
    let state = rusqlite::Connection::open(sandbox.path("state/ut.db")).unwrap();
    state.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = sandbox.ut(["health"]);
    assert!(ran.succeeds().stdout.ends_with("pass: 2 checks\n"), "{ran:?}");
}

#[test]
fn without_a_place_for_state_the_checks_are_made_all_the_same() {
    let sandbox = configured(&file("beat", ""));
    sandbox.write("beat", "");
    sandbox.write("state", "this is no folder");
    let ran = sandbox.ut(["health"]);
    assert!(ran.succeeds().stdout.starts_with("pass  beat"), "{ran:?}");
    sandbox.write("ut.toml", "");
    let defaults = sandbox.ut(["health", "--disk-error", "100"]);
    assert!(defaults.stdout.contains("  disk "), "{defaults:?}");
}
