//! Which rules act: sets, codes, flags and configuration.

use serde_json::Value;

use super::documents::judge;
use crate::support::Sandbox;

const STACK: &str = "\
version: \"3\"
services:
  db:
    image: postgres:17.2
    restart: always
    deploy:
      restart_policy: {condition: any}
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", STACK);
    sandbox
}

/// The codes that are found, each once, in order.
fn codes(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let document = judge(sandbox, &[args, &["--format", "json"]].concat()).json();
    let rows = document["findings"].as_array().unwrap();
    let mut codes: Vec<String> =
        rows.iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn sets_of_rules_are_chosen_by_name() {
    let sandbox = sandbox();
    let (platform, safe) = (codes(&sandbox, &[]), codes(&sandbox, &["--set", "safe"]));
    let strict = codes(&sandbox, &["--set", "strict"]);
    assert_eq!(platform, codes(&sandbox, &["--set", "platform"]));
    assert_eq!(safe, ["CV036", "CV203"]);
    assert!(platform.contains(&"CV101".to_owned()) && !platform.contains(&"CV107".to_owned()));
    assert!(strict.contains(&"CV107".to_owned()));
    for code in safe.iter().chain(&platform) {
        assert!(strict.contains(code), "{code}");
    }
}

#[test]
fn codes_are_selected_and_ignored_by_their_beginnings() {
    let sandbox = sandbox();
    for (args, wanted) in [
        (&["--select", "CV101"][..], &["CV101"][..]),
        (&["--select", "CV101,CV203"], &["CV101", "CV203"]),
        (&["--select", "CV1", "--ignore", "CV102,CV103"], &["CV101", "CV107"]),
        (&["--select", "memory-limit"], &["CV101"]),
        (&["--select", "CV0"], &["CV036"]),
        (&["--set", "safe", "--extend-select", "CV101"], &["CV036", "CV101", "CV203"]),
        (&["--set", "safe", "--ignore", "CV2"], &["CV036"]),
        (&["--ignore", "CV", "--extend-select", "CV203"], &["CV203"]),
    ] {
        assert_eq!(codes(&sandbox, args), wanted, "{args:?}");
    }
}

#[test]
fn the_configuration_says_it_too_and_flags_go_before_it() {
    let sandbox = sandbox();
    sandbox.write(
        "ut.toml",
        "[compose]\nset = \"safe\"\nextend-select = [\"CV101\"]\nignore = [\"CV036\"]\n",
    );
    assert_eq!(codes(&sandbox, &[]), ["CV101", "CV203"]);
    assert_eq!(
        codes(&sandbox, &["--select", "CV2"]),
        codes(&sandbox, &["--select", "CV2", "--ignore", "CV036"])
    );
    assert_eq!(codes(&sandbox, &["--ignore", "CV2"]), ["CV036", "CV101"]);
    sandbox.write("ut.toml", "[compose]\nselect = [\"CV203\"]\n");
    assert_eq!(codes(&sandbox, &[]), ["CV203"]);
    assert_eq!(codes(&sandbox, &["--set", "safe"]), ["CV036", "CV203"]);
    let mut command = sandbox.command();
    command.env("UT_COMPOSE_SELECT", "CV036,CV101").args([
        "compose-validate",
        "--format",
        "concise",
    ]);
    let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(out.contains("CV101") && out.contains("CV036") && !out.contains("CV203"), "{out}");
}

#[test]
fn severities_can_be_changed() {
    let sandbox = sandbox();
    let ran = judge(&sandbox, &["--select", "CV101", "--severity-of", "CV101=note"]);
    assert!(ran.succeeds().stdout.starts_with("note[CV101]"), "{ran:?}");
    sandbox.write("ut.toml", "[compose]\nseverity-of = { CV036 = \"error\", CV1 = \"warning\" }\n");
    let ran =
        judge(&sandbox, &["--select", "CV036,CV101", "--format", "concise", "--fail-on", "error"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("error[CV036]") && ran.stdout.contains("warning[CV101]"),
        "{ran:?}"
    );
}

#[test]
fn what_selects_nothing_or_contradicts_itself_is_refused() {
    let sandbox = sandbox();
    for (args, said) in [
        (&["--select", "CV9"][..], &["--select: there is no code `CV9`"][..]),
        (
            &["--ignore", "CV1011"],
            &["--ignore: there is no code `CV1011`", "did you mean `CV101`?"],
        ),
        (&["--extend-select", "memory-limits"], &["did you mean `memory-limit`?"]),
        (&["--select", "CV101", "--ignore", "CV101"], &["CV101 is both selected and ignored"]),
        (&["--set", "safe", "--select", "CV101"], &["cannot be used with"]),
        (&["--set", "all"], &["platform, safe, strict"]),
        (&["--severity-of", "CV101"], &["--severity-of CV202=note"]),
        (&["--severity-of", "CV101=fatal"], &["`fatal` is none of"]),
        (&["--severity-of", "CV9=note"], &["there is no code `CV9`"]),
        (&["--explain", "CV9"], &["there is no code `CV9`"]),
        (&["--list-rules", "--format", "sarif"], &["--list-rules is a table or JSON"]),
        (&["--statistics", "--format", "github"], &["--statistics is a table or JSON"]),
    ] {
        let ran = judge(&sandbox, args);
        ran.fails(2, said);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    for (toml, said) in [
        ("set = \"all\"", "one of platform, safe, strict"),
        ("select = [\"CV9\"]", "ut.toml:2: `compose.select`: there is no code `CV9`"),
        ("select = [\"CV1\"]\nset = \"safe\"", "exclude each other"),
        ("severity-of = { CV101 = 1 }", "a text for each name"),
        ("severity-of = { CV101 = \"fatal\" }", "`fatal` is none of"),
        ("per-service-ignores = { CV101 = \"because\" }", "reason"),
        ("per-service-ignores = { CV101 = { db = \"\" } }", "reason"),
        ("per-file-ignores = { CV9 = { \"*\" = \"because\" } }", "there is no code `CV9`"),
        ("host-memory = \"much\"", "a size such as"),
        ("host-cpus = 0", "a number from 0.1"),
        ("overcommit = -1", "a number from 0.1"),
    ] {
        sandbox.write("ut.toml", format!("[compose]\n{toml}\n"));
        judge(&sandbox, &[]).fails(2, &[said]);
        sandbox.ut(["config", "check"]).fails(2, &[said]);
    }
}

#[test]
fn the_host_may_be_configured() {
    let sandbox = sandbox();
    sandbox.write("ut.toml", "[compose]\nhost-memory = \"64g\"\nhost-cpus = 12\nhost-gpus = 2\n");
    let host = |args: &[&str]| -> Value {
        judge(&sandbox, &[args, &["--format", "json"]].concat()).json()["totals"]["host"].clone()
    };
    let wanted = serde_json::json!({
        "cpus": 12.0, "memory_bytes": 68_719_476_736_u64, "gpus": 2, "is_this": false,
    });
    assert_eq!(host(&[]), wanted);
    assert_eq!(host(&["--host-cpus", "4"])["cpus"], 4.0);
}

#[test]
fn findings_are_counted() {
    let sandbox = sandbox();
    sandbox.write("other.yaml", "services: {a: {image: a}, b: {image: b}}\n");
    let args = ["compose.yaml", "other.yaml", "--select", "CV101,CV203", "--statistics"];
    let ran = judge(&sandbox, &args);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "found  fixable  code
    3        3  CV101  memory-limit
    1        1  CV203  restart-overridden
"
    );
    let document = judge(&sandbox, &[&args[..], &["--format", "json"]].concat()).json();
    assert_eq!(document["schema"], "ut.compose-statistics/1");
    let first =
        serde_json::json!({"code": "CV101", "name": "memory-limit", "count": 3, "fixable": 3});
    assert_eq!(document["statistics"][0], first);
    let none = judge(&sandbox, &["--select", "CV030", "--statistics"]);
    assert_eq!(none.succeeds().stdout, "nothing found\n");
}
