use crate::compose::rules::testing::{fixed, of};

/// Two that are checked, `db` and `mq`, and one that is not.
const TARGETS: &str = "  db: {image: x, healthcheck: {test: x}}
  mq: {image: x, healthcheck: {test: x}}
  ui: {image: x}
";

fn stack(depends_on: &str) -> String {
    format!(
        "services:\n  a:\n    image: x\n    depends_on:{depends_on}\n    restart: always\n{TARGETS}"
    )
}

fn one(depends_on: &str) -> Vec<String> {
    of("CV307", &stack(depends_on))
}

fn told(at: &str, name: &str) -> String {
    format!("{at} warning `{name}` is awaited until it has started, not until it is healthy")
}

fn mended(before: &str, after: &str) {
    let mended = fixed("CV307", &stack(before));
    assert_eq!(mended, stack(after));
    assert_eq!(of("CV307", &mended), [""; 0]);
}

#[test]
fn who_has_a_check_is_awaited_until_healthy() {
    assert_eq!(one(" [db, ui]"), [told("4:18", "db")]);
    assert_eq!(one("\n      - ui\n      - db\n      - mq"), [told("6:9", "db"), told("7:9", "mq")]);
    assert_eq!(one(" {db: {condition: service_started}}"), [told("4:34", "db")]);
    assert_eq!(one(" {db: {required: false}}"), [told("4:22", "db")]);
    for fine in [
        " [ui]",
        " {db: {condition: service_healthy}}",
        " {db: {condition: service_completed_successfully}}",
        " {ui: {condition: service_started}}",
        " []",
    ] {
        assert_eq!(one(fine), [""; 0], "{fine}");
    }
}

#[test]
fn only_a_check_that_is_there_counts() {
    for (target, count) in [
        ("healthcheck: {test: x}", 1),
        ("image: 'test/carries:1'", 1),
        ("image: 'test/carries:1', healthcheck: {interval: 1s}", 1),
        ("image: 'test/carries:1', healthcheck: {disable: true}", 0),
        ("healthcheck: {test: [NONE]}", 0),
        ("healthcheck: {interval: 1s}", 0),
        ("image: 'postgres:17'", 0),
        ("healthcheck: {test: x}, scale: 0", 0),
    ] {
        let text =
            format!("services: {{a: {{image: x, depends_on: [b]}}, b: {{build: x, {target}}}}}\n");
        let text = if target.contains("image") { text.replace("build: x, ", "") } else { text };
        assert_eq!(of("CV307", &text).len(), count, "{target}");
    }
}

#[test]
fn links_and_shared_networks_are_not_looked_at() {
    for rest in ["links: [db]", "network_mode: 'service:db'", "volumes_from: [db]"] {
        let text = format!("services:\n  a: {{image: x, {rest}}}\n{TARGETS}");
        assert_eq!(of("CV307", &text), [""; 0], "{rest}");
    }
}

#[test]
fn lists_in_block_style_become_mappings() {
    mended(
        "\n      - ui\n      # first\n      - db # the data\n\n      - \"mq\"",
        "\n      ui:\n        condition: service_started\n      # first\n      db: # the data\n        condition: service_healthy\n\n      \"mq\":\n        condition: service_healthy",
    );
    // As far left as the key.
    mended(
        " # all\n    - ui\n    - db",
        " # all\n      ui:\n        condition: service_started\n      db:\n        condition: service_healthy",
    );
    mended("\n      -   db", "\n      db:\n        condition: service_healthy");
}

#[test]
fn lists_in_flow_style_become_mappings() {
    mended(
        " [ui, db, 'mq']",
        " {ui: {condition: service_started}, db: {condition: service_healthy}, 'mq': {condition: service_healthy}}",
    );
    mended(
        " [\n      db, # the data\n      ui,\n    ]",
        " {\n      db: {condition: service_healthy}, # the data\n      ui: {condition: service_started},\n    }",
    );
}

#[test]
fn mappings_change_their_condition() {
    mended(
        "\n      db:\n        condition: \"service_started\" # now\n        restart: true",
        "\n      db:\n        condition: \"service_healthy\" # now\n        restart: true",
    );
    mended(
        "\n      db:\n        restart: true\n      ui:\n        condition: service_started",
        "\n      db:\n        restart: true\n        condition: service_healthy\n      ui:\n        condition: service_started",
    );
    mended(
        " # all\n      db: # the data\n\n        # not healthy\n        condition: service_started",
        " # all\n      db: # the data\n\n        # not healthy\n        condition: service_healthy",
    );
    mended(" {db: {}}", " {db: {condition: service_healthy}}");
}

#[test]
fn ends_of_lines_and_of_the_file_are_kept() {
    let before = format!(
        "services:\r\n{}  a:\r\n    image: x\r\n    depends_on:\r\n    - db",
        TARGETS.replace('\n', "\r\n")
    );
    let after = before.replace("    - db", "      db:\r\n        condition: service_healthy");
    assert_eq!(fixed("CV307", &before), after);
}

#[test]
fn services_may_share_a_list() {
    let text = |list: &str| {
        format!(
            "x-a: &a\n  image: x\n  depends_on: {list}\nservices:\n  a: {{<<: *a}}\n  b: {{<<: *a}}\n{TARGETS}"
        )
    };
    assert_eq!(of("CV307", &text("[db]")), [told("3:16", "db")]);
    let mended = fixed("CV307", &text("[db]"));
    assert_eq!(mended, text("{db: {condition: service_healthy}}"));
    let extended = format!(
        "services:\n  a:\n    image: x\n    depends_on:\n      - db\n  b:\n    extends: a\n    depends_on: [mq]\n{TARGETS}"
    );
    assert_eq!(of("CV307", &extended), [told("5:9", "db"), told("8:18", "mq")]);
    let mended = fixed("CV307", &extended);
    assert_eq!(of("CV307", &mended), [""; 0], "{mended}");
}

/// Nothing is changed in a text that is not plainly a list of names.
#[test]
fn what_cannot_be_written_out_stays() {
    for list in [
        " &deps [db]\n    labels: [x]",
        " &deps\n      - db",
        "\n      - &n db",
        "\n      - ${DB:-db}",
        " {db: &d {condition: service_started}, ui: *d}",
        " {ui: &d {condition: service_started}, db: *d}",
        " {ui: &d {}, db: *d}",
        " {db: &d {}, ui: *d}",
        " {db: {condition: &c service_started}, ui: {condition: *c}}",
        " {ui: {condition: &c service_started}, db: {condition: *c}}",
        " {ui: &d {condition: service_started}, db: {<<: *d}}",
        " {db: {condition: \"${CONDITION:-service_started}\"}}",
    ] {
        let text = stack(list);
        let found = super::super::testing::judged(&text);
        let fixes: Vec<_> = found
            .iter()
            .filter(|f| f.code.id == "CV307")
            .map(|f| f.fix.as_ref().unwrap())
            .collect();
        assert_eq!(fixes.len(), 1, "{list}");
        assert!(fixes[0].edits.is_empty(), "{list}");
        // For an override, it can be said.
        assert_eq!(fixes[0].sets[0].path.join("."), "services.a.depends_on.db.condition");
        assert_eq!(fixes[0].sets[0].value, "service_healthy");
    }
}

#[test]
fn nobody_is_made_to_wait_for_a_check_that_cannot_pass() {
    let text = "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: 'ollama/ollama:0.5.7', healthcheck: {test: curl -f http://a}}\n";
    let found = super::super::testing::judged(text);
    let found: Vec<_> = found.iter().filter(|f| f.code.id == "CV307").collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].fix.is_none());
}

#[test]
fn one_of_two_may_be_mended_alone() {
    use crate::compose::edit;
    let text = stack("\n      - db\n      - mq");
    let stack = super::super::testing::stack(&text);
    let found = super::super::testing::judged(&text);
    let first = found.iter().find(|f| f.code.id == "CV307").unwrap().fix.as_ref().unwrap();
    let edits = stack.edits(&[first]);
    let mended = edit::apply(&text, &edits.iter().collect::<Vec<_>>());
    assert_eq!(of("CV307", &mended), [told("8:20", "mq")], "{mended}");
}

#[test]
fn long_lists_are_borne() {
    use std::fmt::Write as _;
    let mut text = "services:\n  a:\n    image: x\n    depends_on:\n".to_owned();
    let mut targets = String::new();
    for at in 0..2_000 {
        let _ = writeln!(text, "      - s{at}");
        let _ = writeln!(targets, "  s{at}: {{image: x, healthcheck: {{test: x}}}}");
    }
    let found = super::super::testing::judged(&(text + &targets));
    let fixes = found.iter().filter(|f| f.code.id == "CV307").filter_map(|f| f.fix.as_ref());
    let edits: Vec<usize> = fixes.map(|fix| fix.edits.len()).collect();
    assert_eq!(edits.len(), 2_000);
    assert!(edits.iter().sum::<usize>() < 110_000);
}
