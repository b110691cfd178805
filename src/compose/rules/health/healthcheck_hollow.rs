//! CV304.

use super::http_clients::{saves_a_file, takes_any_answer};
use super::probe::{Probe, base};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::node::Node;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV304",
        name: "healthcheck-hollow",
        severity: Severity::Warning,
        about: "a health check does not tell whether the service is well",
    },
    sets: EVERY,
    fix: None,
    why: "\
A check that always passes is worse than none: everything that waits for the service believes it. Told of are

- commands that cannot fail, as they end in `|| true`, `; exit 0` or `|| echo …`, or only ask a program for its
  `--version`;
- `curl` without `-f`: it passes as soon as anything answers, a page with HTTP 500 as well. Where its output is looked
  at (`curl … | grep …`), or other commands decide, it is fine;
- `wget` without `--spider` or `-O`: it saves the page into a new file at every check;
- lists that begin with `CMD` and hold what only a shell understands: `||`, `&&`, `|`, `$VARIABLE`, `exit`, or a whole
  line as one item. Docker starts the program without a shell, and hands it these words as they are;
- words behind the line of `CMD-SHELL`: `sh -c` takes one string, and the others are lost;
- strings that begin with `CMD`: a string is run by a shell as it is, which looks for a program `CMD`.

Lines that are not understood (loops, functions, here-documents) are not judged.",
    bad: "\
services:
  api:
    image: acme/api:2.4
    healthcheck:
      test: curl http://localhost:8000/health
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 30s
",
    good: "\
services:
  api:
    image: acme/api:2.4
    healthcheck:
      test: curl -f http://localhost:8000/health
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 30s
",
    check,
};

/// What is wrong with a word of the test, by its index, and what to do.
struct Fault {
    at: usize,
    text: String,
    help: &'static str,
}

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let Some(check) = service.healthcheck().filter(|check| !check.is_disabled) else {
            continue;
        };
        let words = check.test_node.and_then(Node::list).unwrap_or_default();
        // Whether the stack itself writes a `$` there, and not some variable that it puts in.
        let has_dollar = |at: usize, text: &str| {
            words.get(at).is_some_and(|node| view.editor.at(node.span).contains(text))
        };
        let fault = match &check.test[..] {
            ["CMD-SHELL", line, rest @ ..] => line_of(line, rest, has_dollar(1, "$")),
            ["CMD", rest @ ..] => list(rest, &|at| has_dollar(at + 1, "$$")),
            _ => None,
        };
        let is_empty = check.test.get(1).is_none_or(|line| line.trim().is_empty());
        let probe = Probe::of(&check.test).filter(|_| !is_empty);
        let fault = fault.or_else(|| hollow(&probe?));
        if let Some((node, fault)) = fault.and_then(|fault| Some((words.get(fault.at)?, fault))) {
            let finding = node.finding(&RULE.code, fault.text).service(service.name);
            findings.add(finding.help(fault.help));
        }
    }
}

/// What is wrong with how a line is given.
fn line_of(line: &str, rest: &[&str], has_variables: bool) -> Option<Fault> {
    let words = "put the program and its words into one string";
    if let Some(lost) = rest.first() {
        let text = format!("`CMD-SHELL` takes one string: `{}` is lost", short(lost));
        return Some(Fault { at: 2, text, help: words });
    }
    let line = line.trim();
    if line.is_empty() && !has_variables {
        let text = "an empty command always passes".to_owned();
        return Some(Fault { at: 1, text, help: "give a command that asks the service" });
    }
    let first = line.split_whitespace().next().unwrap_or_default();
    let is_list = ["[\"CMD", "['CMD", "[CMD"].iter().any(|start| line.starts_with(start));
    let text = match first {
        "CMD" | "CMD-SHELL" | "NONE" => {
            format!("a string is run by a shell, for which `{first}` is a program")
        }
        _ if is_list => "a list in quotes is a string, which is run by a shell".to_owned(),
        _ => return None,
    };
    Some(Fault { at: 1, text, help: "write a YAML list" })
}

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh", "pwsh", "cmd", "powershell"];
/// Programs whose arguments may be programs.
const INTERPRETERS: &[&str] = &[
    "python", "node", "perl", "php", "ruby", "awk", "gawk", "mongo", "mongosh", "lua", "deno",
    "bun", "jq", "psql", "env", "envsubst", "groovy", "clojure", "julia",
];
const OPERATORS: &[&str] = &[
    "||",
    "&&",
    "|",
    ";",
    ">",
    ">>",
    "2>&1",
    "2>/dev/null",
    ">/dev/null",
    "&>/dev/null",
    "1>/dev/null",
];
/// Words that no program is called.
const OF_THE_SHELL: &[&str] = &["exit", "cd", "source", ".", "export", "exec", "eval", "set", "if"];

/// What only a shell understands in a list without one.
fn list(words: &[&str], writes_dollars: &dyn Fn(usize) -> bool) -> Option<Fault> {
    let line = "use `CMD-SHELL` with one string";
    let (first, rest) = words.split_first()?;
    let program = base(first);
    if first.trim().contains(char::is_whitespace) && !first.contains('\\') {
        let text = format!("`CMD` takes `{}` for the name of one program", short(first));
        let help = "make each word an item of the list, or use `CMD-SHELL`";
        return Some(Fault { at: 1, text, help });
    }
    if OF_THE_SHELL.contains(first) {
        let text = format!("`{first}` is a word of the shell, and `CMD` runs none");
        return Some(Fault { at: 1, text, help: line });
    }
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let wraps = |word: &&str| SHELLS.contains(&base(word));
    if SHELLS.contains(&name) || words.iter().any(wraps) {
        return None;
    }
    if let Some(at) = rest.iter().position(|word| OPERATORS.contains(word)) {
        let operator = rest.get(at).copied().unwrap_or_default();
        let text = format!("`CMD` runs no shell: `{program}` is handed `{operator}` as a word");
        return Some(Fault { at: at + 2, text, help: line });
    }
    if INTERPRETERS.contains(&name) {
        return None;
    }
    let at = words.iter().enumerate().position(|(at, word)| {
        !word.contains(char::is_whitespace) && variable(word).is_some() && writes_dollars(at)
    })?;
    let variable = words.get(at).and_then(|word| variable(word))?;
    let text = format!("`CMD` runs no shell: `{variable}` is not expanded");
    Some(Fault { at: at + 1, text, help: line })
}

/// `$NAME` or `${NAME…}` as environments have them.
fn variable(word: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let (at, rest) = word.match_indices('$').find_map(|(at, _)| {
        let rest = word.get(at + 1..)?;
        let name = rest.strip_prefix('{').unwrap_or(rest);
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_').then_some((at, rest))
    })?;
    if rest.starts_with('{') {
        let end = rest.find('}')?;
        return word.get(at..at + 1 + end + 1);
    }
    let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
    word.get(at..at + 1 + end)
}

/// What the command itself leaves out.
fn hollow(probe: &Probe) -> Option<Fault> {
    let fault = |text: &str, help| Fault { at: 1, text: text.to_owned(), help };
    let (ends, _) = probe.ends(&|_| false);
    if !ends.can_fail() {
        let help = "let the status of what asks the service decide";
        return Some(fault("the health check can never fail", help));
    }
    let commands = probe.commands();
    if commands.iter().any(|(simple, _)| saves_a_file(&simple.words)) {
        let help = "add `--spider`, or `-O /dev/null`";
        return Some(fault("`wget` saves the page into a file at every check", help));
    }
    let mut judges = commands.iter().filter(|(_, decides)| *decides).map(|(simple, _)| simple);
    let is_idle = |words: &[super::shell::Word]| {
        let first = words.first().map_or("", |word| word.text.as_str());
        matches!(first, "exit" | "true" | "false" | ":" | "echo" | "printf" | "sleep")
    };
    let mut is_weak = false;
    let only_curl = judges.all(|simple| {
        let takes_any = takes_any_answer(&simple.words);
        is_weak |= takes_any;
        takes_any || is_idle(&simple.words)
    });
    let text = "`curl` without `-f` passes on HTTP 500 as well";
    (only_curl && is_weak).then(|| fault(text, "add `-f`"))
}

/// The start of a text.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(30) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn one(test: &str) -> Vec<String> {
        of(
            "CV304",
            &format!("services:\n  a:\n    image: x\n    healthcheck:\n      test: {test}\n"),
        )
    }

    fn is_fine(tests: &[&str]) {
        for test in tests {
            assert_eq!(one(test), [""; 0], "{test}");
        }
    }

    #[test]
    fn a_check_must_be_able_to_fail() {
        for (test, at) in [
            ("curl -f http://a || true", 13),
            ("[CMD-SHELL, curl -f http://a || exit 0]", 25),
            ("\"pg_isready; exit 0\"", 13),
            ("pg_isready || echo no", 13),
            ("(pg_isready || :)", 13),
            ("sleep 10 && exit 0", 13),
            ("[CMD, 'true']", 19),
            ("/bin/true", 13),
            ("[CMD, serve, --version]", 19),
            ("[CMD, sh, -c, curl -f http://a || true]", 19),
            ("curl -f http://a | cat", 13),
        ] {
            let found = one(test);
            assert_eq!(
                found,
                [format!("5:{at} warning the health check can never fail")],
                "{test}"
            );
        }
        is_fine(&[
            "curl -f http://a || exit 1",
            "pg_isready && exit 0 || exit 1",
            "ask | grep -q down && exit 1 || exit 0",
            "[ -f /ready ]",
            "[CMD, test, -f, /ready]",
            "echo ruok | nc localhost 2181",
            "echo > /dev/tcp/localhost/80",
            "curl -f http://a | grep ok",
            "if true; then true; fi",
            "'false'",
            "kill -0 1",
            "exit $$?",
        ]);
        assert_eq!(one("''"), ["5:13 warning an empty command always passes"]);
        // A variable that is not set here.
        is_fine(&["${TEST}"]);
    }

    #[test]
    fn curl_must_look_at_the_answer() {
        let text = "`curl` without `-f` passes on HTTP 500 as well";
        for test in [
            "curl http://a",
            "curl -s http://a || exit 1",
            "curl -s http://a > /dev/null && echo ok || exit 1",
            "HTTP_PROXY= timeout 5 curl http://a",
        ] {
            assert_eq!(one(test), [format!("5:13 warning {text}")], "{test}");
        }
        assert_eq!(one("[CMD, curl, http://a]"), [format!("5:19 warning {text}")]);
        is_fine(&[
            "curl -f http://a",
            "curl -s http://a | grep -q ok",
            "'[ $$(curl -so /dev/null -w x http://a) = 200 ]'",
            "curl -s http://a > /tmp/a && grep ok /tmp/a",
            "curl -s http://a && curl -f http://b",
            "curl telnet://a:80",
        ]);
    }

    #[test]
    fn wget_must_not_fill_the_disk() {
        let text = "`wget` saves the page into a file at every check";
        for test in ["wget -q http://a", "wget http://a || exit 1", "wget -q http://a | grep ok"] {
            assert_eq!(one(test), [format!("5:13 warning {text}")], "{test}");
        }
        is_fine(&["wget -q --spider http://a", "wget -qO- http://a | grep ok"]);
    }

    #[test]
    fn a_list_has_no_shell() {
        for (test, wanted) in [
            (
                "[CMD, curl, -f, http://a, '||', exit, '1']",
                "5:39 warning `CMD` runs no shell: `curl` is handed `||` as a word",
            ),
            (
                "[CMD, pg_isready, -U, $$POSTGRES_USER]",
                "5:35 warning `CMD` runs no shell: `$POSTGRES_USER` is not expanded",
            ),
            (
                "[CMD, ask, \"http://a:$${PORT:-80}/x\"]",
                "5:24 warning `CMD` runs no shell: `${PORT:-80}` is not expanded",
            ),
            (
                "[CMD, curl -f http://a]",
                "5:19 warning `CMD` takes `curl -f http://a` for the name of one program",
            ),
            ("[CMD, exit, '1']", "5:19 warning `exit` is a word of the shell, and `CMD` runs none"),
        ] {
            assert_eq!(one(test), [wanted], "{test}");
        }
        is_fine(&[
            "[CMD, sh, -c, 'curl -f http://a || exit 1']",
            "[CMD, timeout, '5', bash, -c, 'echo $$A && ask $$B']",
            "[CMD, /bin/bash, -c, 'ask $$A']",
            "[CMD, python3.11, -c, 'print($$X)']",
            "[CMD, mongosh, --eval, 'db.a($$EQ)']",
            "[CMD, ask, 'a || b']",
            "[CMD, ask, 'cost$$', '$$(date)', 'a$$b']",
            // What Compose puts in.
            "[CMD, ask, \"${UNSET}\"]",
            "[CMD]",
        ]);
    }

    #[test]
    fn a_line_is_one_string() {
        for (test, wanted) in [
            (
                "[CMD-SHELL, pg_isready -U a, -d, b]",
                "5:42 warning `CMD-SHELL` takes one string: `-d` is lost",
            ),
            ("NONE", "5:13 warning a string is run by a shell, for which `NONE` is a program"),
            (
                "CMD curl -f http://a",
                "5:13 warning a string is run by a shell, for which `CMD` is a program",
            ),
            (
                "'[\"CMD\", \"curl\", \"-f\", \"http://a\"]'",
                "5:13 warning a list in quotes is a string, which is run by a shell",
            ),
        ] {
            assert_eq!(one(test), [wanted], "{test}");
        }
    }

    #[test]
    fn what_is_disabled_or_not_here_is_not_looked_at() {
        is_fine(&["[NONE]", "[CMD, curl, http://a]\n      disable: true", "[]"]);
        assert_eq!(
            of("CV304", "services: {a: {image: x, healthcheck: {interval: 1s}}}\n"),
            [""; 0]
        );
    }
}
