//! What each format says of one small stack, to the letter.

use serde_json::{Value, json};

use super::documents::validate;
use crate::support::Sandbox;

/// A stack with a finding of every severity, and one that two services share.
const STACK: &str = r#"version: "3.8"
x-limits: &limits
  mem_limit: 1g
services:
  web:
    <<: *limits
    image: nginx:${TAG}
    enviroment: {A: "1"}
    deploy: {placement: {}, resources: {limits: {cpus: "0.5"}}}
  api:
    <<: *limits
    image: api
    deploy: {resources: {limits: {cpus: "1"}}}
    depends_on: [wbe]
"#;

const HOST: [&str; 6] = ["--host-cpus", "8", "--host-memory", "16g", "--host-gpus", "0"];

fn report(format: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", STACK);
    let ran = validate(&sandbox, &[&HOST[..], &["-p", "shop", "--format", format]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    ran.stdout
}

#[test]
fn people_read_the_lines_in_question() {
    assert_eq!(
        report("full"),
        r#"warning[CV036]: `version` is obsolete: Compose ignores it
 --> compose.yaml:1:1
  |
1 | version: "3.8"
  | ^^^^^^^
  |
  = help: leave the line out

error[CV032]: `mem_limit` is given, but `deploy.resources.limits` is there and has no `memory`
  --> compose.yaml:3:14
   |
 3 |   mem_limit: 1g
   |              ^^
...
11 |     <<: *limits
   |         ------- merged from here
12 |     image: api
13 |     deploy: {resources: {limits: {cpus: "1"}}}
   |                                  ---------- Compose takes what is missing here for 0
   |
   = help: give the limit in one place: `deploy.resources.limits.memory`
   = note: in api and 1 more service

warning[CV007]: the variable `TAG` is not set: it becomes an empty string
 --> compose.yaml:7:12
  |
7 |     image: nginx:${TAG}
  |            ^^^^^^^^^^^^
  |
  = help: give it a default: `${TAG:-}`

error[CV010]: the service has no key `enviroment`
 --> compose.yaml:8:5
  |
8 |     enviroment: {A: "1"}
  |     ^^^^^^^^^^
  |
  = help: did you mean `environment`?

note[CV037]: Compose ignores `deploy.placement`: only Swarm acts on it
 --> compose.yaml:9:14
  |
9 |     deploy: {placement: {}, resources: {limits: {cpus: "0.5"}}}
  |              ^^^^^^^^^

error[CV020]: the service `wbe` does not exist
  --> compose.yaml:14:18
   |
14 |     depends_on: [wbe]
   |                  ^^^

stack       CPU  memory limit  reserved  GPUs
2 services  1.5       2.0 GiB         –     –
host        8.0      16.0 GiB         –     0

3 errors, 2 warnings and 1 note in compose.yaml (1 can be mended with --fix)
"#
    );
}

#[test]
fn editors_read_a_line_each() {
    assert_eq!(
        report("concise"),
        "\
compose.yaml:1:1: warning[CV036] [*] `version` is obsolete: Compose ignores it
compose.yaml:3:14: error[CV032] `mem_limit` is given, but `deploy.resources.limits` is there and has no `memory` (and 1 more service)
compose.yaml:7:12: warning[CV007] the variable `TAG` is not set: it becomes an empty string
compose.yaml:8:5: error[CV010] the service has no key `enviroment`
compose.yaml:9:14: note[CV037] Compose ignores `deploy.placement`: only Swarm acts on it
compose.yaml:14:18: error[CV020] the service `wbe` does not exist
"
    );
}

#[test]
fn github_reads_commands() {
    assert_eq!(
        report("github"),
        "\
::warning file=compose.yaml,line=1,col=1,endLine=1,endColumn=8,title=CV036 obsolete-version::`version` is obsolete: Compose ignores it%0Ahelp: leave the line out
::error file=compose.yaml,line=3,col=14,endLine=3,endColumn=16,title=CV032 two-limits::`mem_limit` is given, but `deploy.resources.limits` is there and has no `memory` (and 1 more service)%0Ahelp: give the limit in one place: `deploy.resources.limits.memory`
::warning file=compose.yaml,line=7,col=12,endLine=7,endColumn=24,title=CV007 unset-variable::the variable `TAG` is not set: it becomes an empty string%0Ahelp: give it a default: `${TAG:-}`
::error file=compose.yaml,line=8,col=5,endLine=8,endColumn=15,title=CV010 unknown-key::the service has no key `enviroment`%0Ahelp: did you mean `environment`?
::notice file=compose.yaml,line=9,col=14,endLine=9,endColumn=23,title=CV037 swarm-only::Compose ignores `deploy.placement`: only Swarm acts on it
::error file=compose.yaml,line=14,col=18,endLine=14,endColumn=21,title=CV020 undefined-service::the service `wbe` does not exist
"
    );
}

#[test]
fn programs_read_a_document() {
    let document: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!(
        document,
        json!({
            "schema": "ut.compose-validate/1",
            "findings": [
                {
                    "code": "CV036", "severity": "warning",
                    "message": "`version` is obsolete: Compose ignores it",
                    "file": "compose.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 8,
                    "fix": "safe", "service": null, "help": "leave the line out",
                },
                {
                    "code": "CV032", "severity": "error",
                    "message": "`mem_limit` is given, but `deploy.resources.limits` is there and \
                                has no `memory`",
                    "file": "compose.yaml", "line": 3, "column": 14, "end_line": 3, "end_column": 16,
                    "service": "api", "services": ["api", "web"],
                    "related": [
                        {
                            "message": "Compose takes what is missing here for 0",
                            "file": "compose.yaml", "line": 13, "column": 34,
                        },
                        {
                            "message": "merged from here",
                            "file": "compose.yaml", "line": 11, "column": 9,
                        },
                    ],
                    "help": "give the limit in one place: `deploy.resources.limits.memory`",
                },
                {
                    "code": "CV007", "severity": "warning",
                    "message": "the variable `TAG` is not set: it becomes an empty string",
                    "file": "compose.yaml", "line": 7, "column": 12, "end_line": 7, "end_column": 24,
                    "service": "web", "help": "give it a default: `${TAG:-}`",
                },
                {
                    "code": "CV010", "severity": "error",
                    "message": "the service has no key `enviroment`",
                    "file": "compose.yaml", "line": 8, "column": 5, "end_line": 8, "end_column": 15,
                    "service": "web", "help": "did you mean `environment`?",
                },
                {
                    "code": "CV037", "severity": "note",
                    "message": "Compose ignores `deploy.placement`: only Swarm acts on it",
                    "file": "compose.yaml", "line": 9, "column": 14, "end_line": 9, "end_column": 23,
                    "service": "web",
                },
                {
                    "code": "CV020", "severity": "error",
                    "message": "the service `wbe` does not exist",
                    "file": "compose.yaml",
                    "line": 14, "column": 18, "end_line": 14, "end_column": 21,
                    "service": "api",
                },
            ],
            "suppressed": [],
            "totals": {
                "errors": 3, "warnings": 2, "notes": 1,
                "stacks": [{
                    "files": ["compose.yaml"], "project": "shop",
                    "sets": [{
                        "profiles": [], "services": 2, "cpus": 1.5,
                        "memory_limit_bytes": 2_147_483_648_u64, "memory_reserved_bytes": 0,
                        "gpus": 0, "services_with_all_gpus": 0,
                        "services_without_cpu_limit": 0, "services_without_memory_limit": 0,
                    }],
                }],
                "host": {
                    "cpus": 8.0, "memory_bytes": 17_179_869_184_u64, "gpus": 0, "is_this": false,
                },
            },
        })
    );
}

/// Every text and number that GitHub asks for is there, and says the same as the other reports.
#[test]
fn code_scanning_reads_a_log() {
    let log: Value = serde_json::from_str(&report("sarif")).unwrap();
    assert_eq!((&log["version"], &log["runs"].as_array().unwrap().len()), (&json!("2.1.0"), &1));
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(
        (&driver["name"], &driver["version"]),
        (&json!("ut"), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["/id", "/name", "/shortDescription/text", "/defaultConfiguration/level"] {
            assert!(rule.pointer(text).unwrap().is_string(), "{text} of {rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    let lines: Vec<String> = results
        .iter()
        .map(|result| {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let prints = result["partialFingerprints"].as_object().unwrap();
            assert!(prints.values().all(|print| !print.as_str().unwrap().is_empty()));
            let place = &result["locations"][0]["physicalLocation"];
            let (uri, region) = (&place["artifactLocation"]["uri"], &place["region"]);
            assert!(region["endLine"].is_u64() && region["endColumn"].is_u64());
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let message = text(&result["message"]["text"]);
            format!(
                "{}:{}:{}: {}[{}] {}\n",
                text(uri),
                region["startLine"],
                region["startColumn"],
                text(&result["level"]),
                text(&result["ruleId"]),
                message.split("\nhelp: ").next().unwrap()
            )
        })
        .collect();
    assert_eq!(lines.concat(), report("concise").replace("[*] ", ""));
    let related = results[1]["relatedLocations"].as_array().unwrap();
    assert_eq!(related.len(), 2);
    assert_eq!(related[1]["message"]["text"], "merged from here");
    assert_eq!(related[1]["physicalLocation"]["region"]["startLine"], 11);
}

#[test]
fn several_stacks_are_told_together() {
    let sandbox = Sandbox::new();
    sandbox.write("a/compose.yaml", "services: {web: {image: a, cpus: 1}}\n");
    sandbox.write("b/compose.yaml", "services: {web: {imagee: a, image: a}}\n");
    sandbox.write("b/compose.override.yaml", "services: {web: {usr: a}}\n");
    let full = validate(&sandbox, &["a", "b"]).stdout;
    assert_eq!(
        full,
        "\
error[CV010]: the service has no key `imagee`
 --> b/compose.yaml:1:18
  |
1 | services: {web: {imagee: a, image: a}}
  |                  ^^^^^^
  |
  = help: did you mean `image`?

error[CV010]: the service has no key `usr`
 --> b/compose.override.yaml:1:18
  |
1 | services: {web: {usr: a}}
  |                  ^^^
  |
  = help: did you mean `user`?

2 errors in 2 stacks
"
    );
    let verbose = validate(&sandbox, &["a", "b", "-v"]).stdout;
    assert!(verbose.contains("\nb/compose.yaml + b/compose.override.yaml\n"), "{verbose}");
    let clean = validate(&sandbox, &["a/compose.yaml", "--host-cpus", "2", "--host-memory", "1g"]);
    assert!(clean.stdout.ends_with("\nnothing found in a/compose.yaml\n"), "{clean:?}");
    assert!(clean.stdout.contains("not counted: 1 without a memory limit\n"), "{clean:?}");
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", STACK);
    let plain = validate(&sandbox, &HOST).stdout;
    let mut colored = validate(&sandbox, &[&HOST[..], &["--color", "always"]].concat()).stdout;
    assert!(colored.contains("\u{1b}["));
    while let Some(start) = colored.find('\u{1b}') {
        let end = colored[start..].find('m').unwrap();
        colored.replace_range(start..=start + end, "");
    }
    let trimmed: Vec<&str> = colored.lines().map(str::trim_end).collect();
    assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
    for format in ["concise", "json", "sarif", "github"] {
        let args = [&HOST[..], &["--color", "always", "--format", format]].concat();
        assert!(!validate(&sandbox, &args).stdout.contains('\u{1b}'), "{format}");
    }
}
