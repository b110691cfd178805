//! What somebody has a reason to leave: comments, keys, configuration.

use serde_json::json;

use super::documents::judge;
use crate::support::{Ran, Sandbox};

fn run(text: &str, args: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", text);
    judge(&sandbox, &[&["--select", "CV101,CV202,CV09", "--format", "concise"], args].concat())
}

/// What is still told of a stack.
fn told(text: &str) -> Vec<String> {
    let place = |line: &str| {
        let line = line.replace("[*] ", "");
        let (place, rest) = line.strip_prefix("compose.yaml:").unwrap().split_once(": ").unwrap();
        let code = rest.split(['[', ']']).nth(1).unwrap();
        format!("{place} {code}")
    };
    run(text, &[]).stdout.lines().map(place).collect()
}

#[test]
fn a_comment_holds_for_its_line_its_block_its_service_or_its_file() {
    for (name, text, wanted) in [
        (
            "nothing",
            "services:\n  a:\n    image: a\n    restart: always\n",
            &["2:3 CV101", "4:14 CV202"][..],
        ),
        (
            "the line",
            "services:\n  a: # ut: ignore[CV101] tiny\n    image: a\n    restart: always # ut: ignore[CV202] why not\n",
            &[],
        ),
        (
            "the line, and not the next",
            "services:\n  a: # ut: ignore[CV202] tiny\n    image: a\n    mem_limit: 1g\n    restart: always\n",
            &["2:6 CV099", "5:14 CV202"],
        ),
        (
            "above a service",
            "services:\n  # ut: ignore[CV101,CV202] it is a toy\n  a:\n    image: a\n    restart: always\n  b:\n    image: a\n",
            &["6:3 CV101"],
        ),
        (
            "with more comments between",
            "services:\n  # ut: ignore[CV1] it is a toy\n  # really\n\n  a:\n    image: a\n  b:\n    image: a\n",
            &["7:3 CV101"],
        ),
        (
            "above a key",
            "services:\n  a:\n    image: a\n    mem_limit: 1g\n    # ut: ignore[CV202] why not\n    restart: always\n",
            &[],
        ),
        (
            "above all services",
            "x-a: 1\n# ut: ignore[CV101] toys\nservices:\n  a:\n    image: a\n  b:\n    image: b\n",
            &[],
        ),
        (
            "on top",
            "# A stack.\n# ut: ignore[CV101] toys\n---\nservices:\n  a:\n    image: a\n  b:\n    image: a\n    restart: always\n",
            &["9:14 CV202"],
        ),
        (
            "by name",
            "# ut: ignore[memory-limit, restart-unbounded] toys\nservices:\n  a:\n    image: a\n    restart: always\n",
            &[],
        ),
        (
            "after a string",
            "services:\n  a:\n    image: \"a\"   # ut: ignore[CV101] elsewhere\n    mem_limit: 1g\n",
            &["3:18 CV099"],
        ),
        (
            "no comment",
            "services:\n  a:\n    image: a\n    mem_limit: 1g\n    command: \"a# ut: ignore[CV101] no\"\n",
            &[],
        ),
        (
            "with CRLF",
            "services:\r\n  # ut: ignore[CV101] toy\r\n  a:\r\n    image: a\r\n  b:\r\n    image: a\r\n",
            &["5:3 CV101"],
        ),
        (
            "an anchor's use",
            "x-a: &a\n  image: a\n  restart: always\n  mem_limit: 1g\nservices:\n  # ut: ignore[CV202] here it may\n  a:\n    <<: *a\n  b:\n    <<: *a\n",
            &["3:12 CV202"],
        ),
    ] {
        assert_eq!(told(text), wanted, "{name}\n{text}");
    }
}

#[test]
fn a_key_holds_where_comments_do_not_survive() {
    let stack = |extra: &str| {
        format!("services: {{a: {{image: a{extra}}}, b: {{image: b, mem_limit: 1g}}}}\n")
    };
    assert_eq!(told(&stack("")), ["1:12 CV101"]);
    assert_eq!(told(&stack(", x-ut: {ignore: {CV101: a toy}}")), [""; 0]);
    assert_eq!(told(&format!("x-ut: {{ignore: {{CV101: toys}}}}\n{}", stack(""))), [""; 0]);
    assert_eq!(told(&stack(", x-ut: {ignore: {CV202: a toy}}")), ["1:12 CV101", "1:42 CV099"]);
    for wrong in ["{ignore: CV101}", "{ignore: {CV101: }}", "{ignore: {CV9: a toy}}", "1"] {
        let told = told(&stack(&format!(", x-ut: {wrong}")));
        assert!(told.iter().any(|line| line.ends_with("CV098")), "{wrong}: {told:?}");
    }
}

#[test]
fn an_ignore_says_what_and_why() {
    for (comment, said) in [
        ("# ut: ignore", "it names no code"),
        ("# ut: ignore[] toy", "it names no code"),
        ("# ut: ignore[CV101]", "this says not why"),
        ("# ut: ignore[CV9] toy", "there is no code `CV9`"),
        ("# ut: ignore[CV101 toy", "it names no code"),
    ] {
        let ran =
            run(&format!("services:\n  {comment}\n  a:\n    image: a\n    mem_limit: 1g\n"), &[]);
        assert!(ran.stdout.contains("compose.yaml:2:3: warning[CV098]"), "{comment}: {ran:?}");
        assert!(ran.stdout.contains(said), "{comment}: {ran:?}");
    }
    // Of a code that does not act, nobody knows whether it would be found.
    let text =
        "services:\n  # ut: ignore[CV605] its default\n  a:\n    image: a\n    mem_limit: 1g\n";
    assert_eq!(run(text, &[]).succeeds().stdout, "");
}

#[test]
fn the_configuration_ignores_by_file_and_by_service() {
    let sandbox = Sandbox::new();
    sandbox.write("dev/compose.yaml", "services:\n  a:\n    image: a\n");
    sandbox.write("compose.yaml", "services:\n  a:\n    image: a\n  train-1:\n    image: a\n");
    let run = |toml: &str| {
        sandbox.write("ut.toml", format!("[compose]\nselect = [\"CV101\"]\n{toml}\n"));
        let ran = judge(&sandbox, &["compose.yaml", "dev/compose.yaml", "--format", "concise"]);
        (
            ran.stdout
                .replace(" `a` has no memory limit", "")
                .replace(" `train-1` has no memory limit", ""),
            ran.stderr,
        )
    };
    let (a, train, dev) = (
        "compose.yaml:2:3: error[CV101] [*]\n",
        "compose.yaml:4:3: error[CV101] [*]\n",
        "dev/compose.yaml:2:3: error[CV101] [*]\n",
    );
    assert_eq!(run(""), ([a, train, dev].concat(), String::new()));
    assert_eq!(
        run("per-file-ignores = { CV101 = { \"dev/*\" = \"laptops\" } }").0,
        [a, train].concat()
    );
    assert_eq!(
        run("per-service-ignores = { CV1 = { \"train-*\" = \"it needs all\" } }").0,
        [a, dev].concat()
    );
    // One that is about something that is there, and that nothing is found for, is told.
    let (_, said) = run("per-service-ignores = { CV605 = { a = \"why\" } }");
    assert_eq!(
        said,
        "ut: warning: the configuration ignores CV605 in `a`, and nothing is found there\n"
    );
    assert_eq!(run("per-service-ignores = { CV605 = { elsewhere = \"why\" } }").1, "");
}

#[test]
fn what_is_left_stays_in_documents_with_its_reason() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        "services:\n  # ut: ignore[CV101] it is tiny\n  a:\n    image: a\n  b:\n    image: b\n",
    );
    sandbox.write(
        "ut.toml",
        "[compose]\nselect = [\"CV101\"]\nper-service-ignores = { CV101 = { b = \"so is it\" } }\n",
    );
    let full = judge(&sandbox, &[]);
    assert!(
        full.succeeds().stdout.ends_with("nothing found in compose.yaml (2 left with a reason)\n"),
        "{full:?}"
    );
    let document = judge(&sandbox, &["--format", "json"]).succeeds().json();
    assert_eq!(document["findings"], json!([]));
    let left: Vec<_> = document["suppressed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["code"], row["service"], row["line"], row["by"], row["reason"]]))
        .collect();
    assert_eq!(
        json!(left),
        json!([
            ["CV101", "a", 3, "in_source", "it is tiny"],
            ["CV101", "b", 5, "configuration", "so is it"],
        ])
    );
    let log = judge(&sandbox, &["--format", "sarif"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let kinds: Vec<_> = results
        .iter()
        .map(|result| {
            let suppression = &result["suppressions"][0];
            json!([suppression["kind"], suppression["justification"]])
        })
        .collect();
    assert_eq!(json!(kinds), json!([["inSource", "it is tiny"], ["external", "so is it"]]));
    for format in ["concise", "github"] {
        assert_eq!(judge(&sandbox, &["--format", format]).stdout, "");
    }
}
