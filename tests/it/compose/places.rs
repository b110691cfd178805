//! Where a fault is, and where it came from: second places, and services that are counted.

use serde_json::{Value, json};

use super::documents::{texts, validate};
use crate::support::Sandbox;

/// What is found in `compose.yaml`, and in what is laid over it: `CODE FILE:LINE:COLUMN`, and each second place behind it.
fn found(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let document = validate(sandbox, &[args, &["--format", "json"]].concat()).json();
    let place = |value: &Value| {
        let file = value["file"].as_str().unwrap();
        format!("{file}:{}:{}", value["line"], value["column"])
    };
    let findings = document["findings"].as_array().unwrap().iter();
    let rows = findings.map(|finding| {
        let related = finding["related"].as_array().into_iter().flatten();
        let related: Vec<String> = related
            .map(|related| format!("{} {}", place(related), related["message"].as_str().unwrap()))
            .collect();
        let code = finding["code"].as_str().unwrap();
        [vec![format!("{code} {}", place(finding))], related].concat().join("; ")
    });
    rows.collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], wanted: &[&str]) {
    let sandbox = Sandbox::new();
    for (name, content) in files {
        sandbox.write(name, content);
    }
    assert_eq!(found(&sandbox, &["-f", files[0].0]), wanted);
}

#[test]
fn what_an_anchor_brings_is_told_with_its_use() {
    check(
        &[(
            "compose.yaml",
            "x-check: &check\n  test: [curl, a]\n  interval: 5\n\
             services:\n  web:\n    image: a\n    healthcheck: *check\n",
        )],
        &[
            "CV013 compose.yaml:2:10; compose.yaml:7:18 the anchor is used here",
            "CV014 compose.yaml:3:13; compose.yaml:7:18 the anchor is used here",
        ],
    );
}

#[test]
fn what_a_merge_key_brings_is_told_with_its_use() {
    check(
        &[(
            "compose.yaml",
            "x-base: &base\n  imagee: a\n  networks: [none]\n\
             services:\n  web:\n    <<: *base\n    image: a\n",
        )],
        &[
            "CV010 compose.yaml:2:3; compose.yaml:6:9 merged from here",
            "CV021 compose.yaml:3:14; compose.yaml:6:9 merged from here",
        ],
    );
    // Of a list, the base that brings it; through two, the use that is nearest.
    check(
        &[(
            "compose.yaml",
            "x-one: &one {image: a}\nx-two: &two {usr: b}\nx-all: &all\n  <<: [*one, *two]\n\
             services:\n  web:\n    <<: *all\n",
        )],
        &["CV010 compose.yaml:2:14; compose.yaml:7:9 merged from here"],
    );
}

#[test]
fn what_another_service_brings_is_told_with_the_place_that_extends_it() {
    check(
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    extends: {service: base, file: sub/base.yaml}\n",
            ),
            (
                "sub/base.yaml",
                "services:\n  base:\n    image: a\n    stop_grace_period: 5\n    \
                 ports: [\"80:\"]\n    env_file: none.env\n",
            ),
        ],
        &[
            "CV014 sub/base.yaml:4:24; compose.yaml:3:14 extended here",
            "CV016 sub/base.yaml:5:13",
            "CV034 sub/base.yaml:6:15; compose.yaml:3:14 extended here",
        ],
    );
}

#[test]
fn what_a_variable_brings_is_told_with_the_line_that_sets_it() {
    check(
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: a\n    mem_limit: ${LIMIT}\n    \
                 ports: [\"${PORT}:80\"]\n    cpus: ${CPUS}\n    restart: ${SHELL_ONLY:-no}\n",
            ),
            (".env", "# limits\nLIMIT=lots\nPORT=http\n\nCPUS=two\n"),
        ],
        &[
            "CV015 compose.yaml:4:16; .env:2:1 the variable is set here",
            "CV016 compose.yaml:5:13; .env:3:1 the variable is set here",
            "CV008 compose.yaml:6:11; .env:5:1 the variable is set here",
        ],
    );
}

#[test]
fn two_values_that_do_not_go_together_are_both_told() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        "services:\n  web:\n    image: a\n    mem_limit: 1g\n    container_name: one\n    \
         network_mode: host\n    volumes: [\"./a:/a\"]\n",
    );
    sandbox.write(
        "over.yaml",
        "services:\n  web:\n    deploy: {replicas: 2, resources: {limits: {memory: 2g}}}\n    \
         networks: [net]\n    tmpfs: /a\nnetworks: {net: }\n",
    );
    assert_eq!(
        found(&sandbox, &["-f", "compose.yaml", "-f", "over.yaml"]),
        [
            "CV032 compose.yaml:4:16; over.yaml:3:56 the other one is given here",
            "CV031 compose.yaml:5:21; over.yaml:3:24 their number is given here",
            "CV031 compose.yaml:6:19; over.yaml:4:16 the networks are given here",
            "CV017 compose.yaml:7:15; over.yaml:5:12 it is mounted here",
        ]
    );
}

#[test]
fn a_fault_of_many_services_is_told_once() {
    let names: Vec<String> = (0..14).map(|n| format!("s{n:02}")).collect();
    let services = texts(0..14, |n| format!("  {}:\n    <<: *base\n    image: a\n", names[n]));
    let text = format!("x-base: &base\n  stop_grace_period: 5\n  usr: b\nservices:\n{services}");
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", &text);
    let document = validate(&sandbox, &["--format", "json"]).json();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    for finding in findings {
        assert_eq!((&finding["service"], &finding["services"]), (&json!("s00"), &json!(names)));
    }
    assert_eq!(document["totals"]["errors"], 2);
    let concise = validate(&sandbox, &["--format", "concise"]).stdout;
    assert_eq!(concise.lines().count(), 2);
    assert!(concise.lines().all(|line| line.ends_with(" (and 13 more services)")), "{concise}");
    let full = validate(&sandbox, &[]).stdout;
    assert_eq!(full.matches("in s00 and 13 more services").count(), 2, "{full}");
    // Of two services it is one.
    sandbox.write("compose.yaml", text.split("  s02:").next().unwrap());
    let concise = validate(&sandbox, &["--format", "concise"]).stdout;
    assert!(concise.lines().all(|line| line.ends_with(" (and 1 more service)")), "{concise}");
    assert_eq!(concise.lines().count(), 2);
}

#[test]
fn errors_come_in_the_order_of_the_source_and_always_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        "services:\n  z: {image: a, depends_on: [none], usr: 1}\n  a: {imagee: b}\n  \
         m: {image: a, ports: [x], mem_limit: y}\nvolumes: {data: {drvr: z}}\n",
    );
    let first = found(&sandbox, &[]);
    assert_eq!(
        first,
        [
            "CV020 compose.yaml:2:30",
            "CV010 compose.yaml:2:37",
            "CV033 compose.yaml:3:3",
            "CV010 compose.yaml:3:7",
            "CV016 compose.yaml:4:25",
            "CV015 compose.yaml:4:40",
            "CV010 compose.yaml:5:18",
        ]
    );
    for _ in 0..5 {
        assert_eq!(found(&sandbox, &[]), first);
    }
}
