use super::*;
use crate::commands::compose_validate::judged::samples::{span, stack, three_findings};
use crate::compose::codes;

/// One finding in one file, drawn.
fn drawn(text: &str, finding: impl FnOnce(&Judged) -> Finding, width: usize) -> String {
    let mut stack = stack(&[("compose.yaml", text)]);
    stack.findings = vec![finding(&stack)];
    render(&stack, false, width)
}

fn at(text: &str, what: &str) -> Span {
    span(&stack(&[("", text)]), 0, what)
}

#[test]
fn findings_are_drawn_as_compilers_do() {
    assert_eq!(
        render(&three_findings(), false, 100),
        "\
error[CV033]: `web` has neither an image nor a build
 --> compose.yaml:2:3
  |
2 |   web: &web
  |   ^^^^^^^^^

error[CV010]: `imagee` is no key of a service
 --> compose.yaml:3:5
  |
3 |     imagee: nginx
  |     ^^^^^^
  |
  = help: did you mean `image`?
  = note: in api and 1 more service

note[CV037]: 50% more
 --> deploy/over ride.yaml:3:20
  |
3 |   web: {mem_limit: 2g}
  |                    ^^
  |
 ::: compose.yaml:4:16
  |
4 |     mem_limit: 1g
  |                -- than here
"
    );
}

#[test]
fn without_colour_there_are_no_escapes_and_with_it_the_words_are_the_same() {
    let mut colored = render(&three_findings(), true, 100);
    assert!(colored.starts_with("\u{1b}[1m\u{1b}[31merror[CV033]\u{1b}[0m"));
    while let Some(start) = colored.find('\u{1b}') {
        let end = colored[start..].find('m').unwrap();
        colored.replace_range(start..=start + end, "");
    }
    let trimmed: String = colored.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    assert_eq!(trimmed, render(&three_findings(), false, 100));
}

#[test]
fn notes_are_beside_what_they_are_about() {
    let text = "a:\n  limits: {memory: 1g}\n  b: 2\n  mem_limit: 2g\n";
    let finding = |_: &Judged| {
        Finding::new(codes::TWO_LIMITS, at(text, "2g"), "two limits")
            .note(at(text, "1g"), "the other one")
            .help("leave one of them out")
    };
    assert_eq!(
        drawn(text, finding, 100),
        "\
error[CV032]: two limits
 --> compose.yaml:4:14
  |
2 |   limits: {memory: 1g}
  |                    -- the other one
3 |   b: 2
4 |   mem_limit: 2g
  |              ^^
  |
  = help: leave one of them out
"
    );
}

#[test]
fn a_narrow_terminal_has_shorter_lines() {
    let text = "services:\n  web:\n    network_mode: host\n    networks: [front]\n";
    let finding = |_: &Judged| {
        let message = "`network_mode` and `networks` exclude each other";
        Finding::new(codes::EXCLUSIVE, at(text, "networks"), message)
            .note(at(text, "network_mode"), "the other one of both is here")
            .help("leave out one of both, most likely the mode")
    };
    let drawn = drawn(text, finding, 40);
    assert_eq!(
        drawn,
        "\
error[CV031]: `network_mode` and
              `networks` exclude each
              other
 --> compose.yaml:4:5
  |
4 |     networks: [front]
  |     ^^^^^^^^
  |
  = help: leave out one of both, most
          likely the mode
note: the other one of both is here
 --> compose.yaml:3:5
  |
3 |     network_mode: host
  |     ^^^^^^^^^^^^
"
    );
    assert!(drawn.lines().all(|line| line.width() <= 40));
}

#[test]
fn a_file_as_a_whole_has_no_line() {
    let finding =
        |_: &Judged| Finding::new(codes::SYNTAX, Span::top(0), "nothing in it").help("write");
    for text in ["", "services: {}\n"] {
        assert_eq!(
            drawn(text, finding, 80),
            "\
error[CV001]: nothing in it
 --> compose.yaml:1:1
  = help: write
"
        );
    }
}

#[test]
fn the_end_of_a_file_is_shown_below_its_last_line() {
    let end = |text: &str| Span { file: 0, start: text.len() as u32, end: text.len() as u32 };
    let text = "services:\n  web: [\n\n";
    assert_eq!(
        drawn(text, |_| Finding::new(codes::SYNTAX, end(text), "it ends"), 80),
        "\
error[CV001]: it ends
 --> compose.yaml:4:1
  |
2 |   web: [
3 |
4 |
  | ^
"
    );
    let text = "web: [";
    assert_eq!(
        drawn(text, |_| Finding::new(codes::SYNTAX, end(text), "it ends"), 80),
        "\
error[CV001]: it ends
 --> compose.yaml:1:7
  |
1 | web: [
  |       ^
"
    );
}

#[test]
fn columns_are_right_behind_whatever_characters() {
    let text = "# one\r\n\tGröße: \u{1b}[31m 日本\u{9b} yes\r\nb: 1\r\n";
    let finding = |_: &Judged| {
        Finding::new(codes::OLD_BOOLEAN, at(text, "yes"), "\u{1b}[2J \u{202e}yes")
            .note(at(text, "Größe"), "for \n this")
            .note(at(text, "1\r\n"), "not this")
    };
    assert_eq!(
        drawn(text, finding, 80),
        "\
warning[CV009]: \u{fffd}[2J \u{fffd}yes
 --> compose.yaml:2:19
  |
2 |     Größe: \u{fffd}[31m 日本\u{fffd} yes
  |     ----- for \u{fffd} this   ^^^
3 | b: 1
  |    - not this
"
    );
}

#[test]
fn of_long_lines_the_part_is_shown_that_is_meant() {
    let service = |number: u32| format!("\"web{number}\": {{\"image\": \"nginx\"}}, ");
    let services: Vec<String> = (0..20_000).map(service).collect();
    let text = format!("{{{}\"last\": {{}}}}", services.concat());
    let whole = Span { file: 0, start: 1, end: text.len() as u32 };
    let finding = |_: &Judged| {
        Finding::new(codes::UNKNOWN_KEY, at(&text, "\"web15000\""), "an unknown key")
            .note(at(&text, "\"last\""), "here also")
            .note(whole, "in this")
    };
    assert_eq!(
        drawn(&text, finding, 60),
        "\
error[CV010]: an unknown key
 --> compose.yaml:1:468892
  |
1 | ...{\"image\": \"nginx\"}, \"web15000\": {\"image\": \"nginx\"}...
  |                        ^^^^^^^^^^
  |
 ::: compose.yaml:1:2
  |
1 | {\"web0\": {\"image\": \"nginx\"}, \"web1\": {\"image\": \"nginx...
  |  ------------------------------------------ in this
  |
note: here also
 --> compose.yaml:1:628892
  |
1 | ...: {\"image\": \"nginx\"}, \"last\": {}}
  |                          ^^^^^^
"
    );
}

#[test]
fn places_far_apart_are_not_drawn_in_one_piece() {
    let keys: Vec<String> = (0..1000).map(|key| format!("key{key}: x\n")).collect();
    let text = format!("first: 1\n{}", keys.concat());
    let finding = |_: &Judged| {
        Finding::new(codes::DUPLICATE_KEY, at(&text, "key999"), "twice")
            .note(at(&text, "key10:"), "once")
            .note(at(&text, "first"), "first")
    };
    assert_eq!(
        drawn(&text, finding, 80),
        "\
error[CV002]: twice
    --> compose.yaml:1001:1
     |
1001 | key999: x
     | ^^^^^^
     |
    ::: compose.yaml:1:1
     |
   1 | first: 1
     | ----- first
...
  12 | key10: x
     | ------ once
"
    );
}

#[test]
fn spans_that_are_none_are_drawn_all_the_same() {
    let text = "é: ü\r\n";
    for (start, end) in [(1, 0), (0, 1), (5, 6), (6, 7), (7, 900), (900, 1000)] {
        let finding = |_: &Judged| Finding::new(codes::CYCLE, Span { file: 0, start, end }, "x");
        assert!(drawn(text, finding, 0).starts_with("error[CV030]: x\n --> compose.yaml:"));
    }
}
