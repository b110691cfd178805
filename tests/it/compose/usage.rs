//! How runs end: exit codes, documents where something could not be read, and what never reaches a terminal.

use std::process::Stdio;

use serde_json::{Value, json};

use super::documents::{texts, validate};
use crate::support::{Ran, Sandbox};

const GOOD: &str = "services: {web: {image: a}}\n";
const FORMATS: [&str; 5] = ["full", "concise", "json", "sarif", "github"];

#[test]
fn wrong_usage_is_said() {
    let sandbox = Sandbox::new();
    validate(&sandbox, &[]).fails(2, &["no Compose file here", "hint: "]);
    sandbox.write("compose.yaml", GOOD);
    sandbox.write("other.yaml", GOOD);
    for (args, said) in [
        (&["--bogus"][..], "--bogus"),
        (&["--format", "xml"], "full, concise, json, sarif, github"),
        (&["--fail-on", "fatal"], "note, warning, error"),
        (&["--fail-on"], "--fail-on"),
        (&["-f"], "--file"),
        (&["-f", ""], "--file"),
        (&[""], "[FILE|DIR]"),
        (&["--resolved", "compose.yaml", "other.yaml"], "there are 2"),
        (&["--resolved", "compose.yaml", "-f", "other.yaml"], "cannot be used with"),
        (&["--project-name"], "--project-name"),
        (&["--profile"], "--profile"),
    ] {
        let ran = validate(&sandbox, args);
        ran.fails(2, &[said]);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    // What is found in one stack does not hide that the other is not there.
    let ran = validate(&sandbox, &["--resolved", "compose.yaml", "none.yaml"]);
    ran.fails(2, &["there are 2"]);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox.write("compose.yaml", GOOD);
    for (args, said) in [
        (&["none.yaml"][..], &["cannot read none.yaml", "No such file"][..]),
        (&["-f", "none.yaml"], &["cannot read none.yaml"]),
        (&["-f", "compose.yaml", "-f", "none.yaml"], &["cannot read none.yaml"]),
        (&["-f", "folder"], &["cannot read folder", "it is a folder"]),
        (&["compose.yaml/none.yaml"], &["cannot read compose.yaml/none.yaml"]),
        (&["--resolved", "-f", "none.yaml"], &["cannot read none.yaml"]),
        (&["--env-file", "none.env"], &["cannot read none.env"]),
        (&["--env-file", "folder"], &["cannot read folder"]),
        (&["none.yaml", "nor.yaml"], &["none.yaml", "nor.yaml"]),
    ] {
        validate(&sandbox, args).fails(3, said);
    }
}

#[test]
fn other_stacks_are_looked_at_where_one_cannot_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.yaml", "services: [\n");
    sandbox.write("good.yaml", GOOD);
    let run = |format: &str| {
        let ran = validate(&sandbox, &["none.yaml", "bad.yaml", "good.yaml", "--format", format]);
        ran.fails(3, &["cannot read none.yaml"]);
        ran
    };
    for format in ["full", "concise", "github"] {
        let shown = run(format).stdout;
        assert!(shown.contains("bad.yaml") && shown.contains("CV001"), "{shown}");
        assert!(!shown.contains("none.yaml"), "{shown}");
    }
    let document = run("json").json();
    assert_eq!(document["unreadable"].as_array().unwrap().len(), 1);
    assert_eq!(document["unreadable"][0]["file"], "none.yaml");
    let message = document["unreadable"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("cannot read none.yaml: "), "{message}");
    assert_eq!(document["findings"][0]["code"], "CV001");
    assert_eq!(document["totals"]["stacks"].as_array().unwrap().len(), 2);
    let log = run("sarif").json();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn documents_are_whole_whatever_is_wrong() {
    let sandbox = Sandbox::new();
    let texts: [&[u8]; 5] = [b"", b"- a\n", b"services: [\n", b"\xff\xfe\xff", b"a: \0\n"];
    for text in texts {
        sandbox.write("compose.yaml", text);
        let document = validate(&sandbox, &["--format", "json"]).json();
        assert_eq!(document["schema"], "ut.compose-validate/1");
        assert_eq!(document["totals"]["errors"], 1, "{document}");
        assert!(document.get("unreadable").is_none());
        let log = validate(&sandbox, &["--format", "sarif"]).json();
        assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 1);
        let line = validate(&sandbox, &["--format", "github"]).stdout;
        assert!(line.starts_with("::error file=compose.yaml,line=1,"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
    for args in [["none.yaml", "--format=json"], ["none.yaml", "--format=sarif"]] {
        let ran = validate(&sandbox, &args);
        ran.fails(3, &["none.yaml"]);
        let _: Value = ran.json();
    }
}

#[test]
fn a_run_fails_from_the_severity_that_is_told() {
    let sandbox = Sandbox::new();
    for (name, text) in [
        ("clean", GOOD.to_owned()),
        ("note", "services: {web: {image: a, deploy: {placement: {}}}}\n".to_owned()),
        ("warning", format!("version: \"3\"\n{GOOD}")),
        ("error", "services: {web: {usr: a, image: a}}\n".to_owned()),
    ] {
        sandbox.write(&format!("{name}.yaml"), text);
    }
    for (name, codes) in [
        ("clean", [0, 0, 0, 0]),
        ("note", [0, 1, 0, 0]),
        ("warning", [1, 1, 1, 0]),
        ("error", [1, 1, 1, 1]),
    ] {
        let flags = [&[][..], &["note"], &["warning"], &["error"]];
        for (flag, code) in flags.into_iter().zip(codes) {
            let file = format!("{name}.yaml");
            for format in FORMATS {
                let mut args = vec![file.as_str(), "--format", format];
                args.extend(flag.iter().flat_map(|flag| ["--fail-on", flag]));
                let ran = validate(&sandbox, &args);
                assert_eq!((ran.code, ran.stderr.as_str()), (Some(code), ""), "{args:?}: {ran:?}");
            }
        }
    }
    // Of several stacks the worst counts.
    assert_eq!(validate(&sandbox, &["clean.yaml", "note.yaml"]).code, Some(0));
    assert_eq!(validate(&sandbox, &["clean.yaml", "error.yaml", "note.yaml"]).code, Some(1));
}

#[test]
fn quiet_says_only_what_is_found() {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", GOOD);
    let quiet = validate(&sandbox, &["-q"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""));
    sandbox.write("compose.yaml", "services: {web: {usr: a, image: a}}\n");
    let quiet = validate(&sandbox, &["-q"]);
    assert!(quiet.stdout.starts_with("error[CV010]: "), "{quiet:?}");
    assert!(!quiet.stdout.contains("this host"), "{quiet:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::new();
    let keys = texts(0..500, |n| format!("    key{n}: a\n"));
    sandbox.write("compose.yaml", format!("services:\n  web:\n    image: a\n{keys}"));
    for format in FORMATS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command();
        command.args(["compose-validate", "--format", format]).stdout(writer);
        let ran = Ran::from(command.stderr(Stdio::piped()).output().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{format}: {ran:?}");
    }
}

/// Names, values, paths and variables with what would move a terminal's cursor or colour its text.
#[cfg(unix)]
#[test]
fn no_control_character_of_a_file_is_printed_as_it_is() {
    let sandbox = Sandbox::new();
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m";
    let escaped = "\\e[2J\\e]0;owned\\a\\x9b31m\\r\\n\\u202e";
    let file = format!("a{evil}.yaml");
    sandbox.write(
        &file,
        format!(
            "services:\n  \"web{escaped}\":\n    image: a\n    \"key{escaped}\": 1\n  \
             web:\n    image: a\n    restart: \"${{A:?why}}\"\n    \
             networks: [\"net{escaped}\"]\n    depends_on: [\"dep{escaped}\"]\n    \
             stop_grace_period: \"{escaped}\"\n    container_name: \"c{escaped}\"\n    \
             env_file: \"{escaped}\"\n    extends: \"{escaped}\"\n\
             include: [\"inc{escaped}\"]\n"
        ),
    );
    let is_bad = |c: char| c.is_control() && c != '\n';
    for format in FORMATS {
        let ran = validate(&sandbox, &[&file, "--format", format]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(is_bad), "{format}: {text:?}");
        }
        if format == "concise" || format == "github" {
            assert!(ran.stdout.lines().all(|line| line.contains("CV0")), "{ran:?}");
        }
        if format == "full" {
            assert!(!ran.stdout.contains('\u{202e}'), "{ran:?}");
        }
    }
    let named = validate(&sandbox, &[&format!("none{evil}")]);
    named.fails(3, &["none"]);
    assert!(!named.stderr.contains(is_bad), "{named:?}");
    let name = validate(&sandbox, &["-f", &file, "-p", evil]);
    assert!(!name.stdout.contains(is_bad), "{name:?}");
}

#[test]
fn nothing_is_written_and_nothing_of_the_caller_is_needed() {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", "services: {web: {image: a, volumes: [\"./data:/data\"]}}\n");
    let mut command = sandbox.command();
    command.env_clear().args(["compose-validate", "--select", "CV0"]);
    Ran::from(command.output().unwrap()).succeeds();
    let mut left: Vec<_> = std::fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(json!(left), json!([".git", "compose.yaml"]));
}
