//! CV303.

use super::checks;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::images;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Reference, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV303",
        name: "healthcheck-binary-missing",
        severity: Severity::Error,
        about: "a health check runs a program that is not in the image",
    },
    sets: EVERY,
    fix: None,
    why: "\
A health check runs inside the container, with the programs that its image holds. Many images hold neither `curl` nor
`wget`, to be small and to give attackers less, and some hold no shell. Then every check fails, whatever the service
does: the container is called unhealthy, and what waits for it with `service_healthy` never starts.

The line is read as a shell reads it: `curl … || wget …` is fine where either is there, `timeout 5 curl …`, `sh -c
\"curl …\"` and `[ \"$(curl …)\" = ok ]` all need `curl`, and `CMD-SHELL` needs `sh` itself. `/dev/tcp/…` is known to
`bash` only.

What images hold is a table with its evidence; of other images nothing is claimed, nor of what is built here. A program
that is mounted into the container, or that its own command installs (`apk add curl && …`), is there. Where releases of
an image differ and the tag does not tell which one it is (`latest`), it is a warning.",
    bad: "\
services:
  llm:
    image: ollama/ollama:0.5.7
    healthcheck:
      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:11434\"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 3m
",
    good: "\
services:
  llm:
    image: ollama/ollama:0.5.7
    healthcheck:
      test: [\"CMD\", \"ollama\", \"list\"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 3m
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let (Some(check), Some(image)) = (service.healthcheck(), service.image()) else { continue };
        if check.is_disabled || !service.known().is_known() {
            continue;
        }
        let missing = checks::missing(service, &check.test);
        let words = check.test_node.and_then(|node| node.list()).unwrap_or_default();
        let (Some(first), Some(node)) = (missing.first(), words.get(1)) else { continue };
        let quoted: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let is = if missing.len() == 1 { "is" } else { "are" };
        let text = format!("{} {is} not in `{}`", quoted.join(" and "), name(&image));
        let mut finding = node.finding(&RULE.code, text).service(service.name);
        if let Some(node) = service.image_node() {
            finding = finding.note(node.span, "the image is given here");
        }
        if missing.iter().any(|name| is_open(service, &image, name)) {
            finding = finding.severity(Severity::Warning);
        }
        findings.add(finding.help(help(service, first)));
    }
}

fn name(image: &Reference<'_>) -> String {
    match image.tag {
        Some(tag) => format!("{}:{tag}", image.repository),
        None => image.repository.to_owned(),
    }
}

/// Whether releases differ in a program, and the tag does not tell which one it is.
fn is_open(service: &Service<'_>, image: &Reference<'_>, program: &str) -> bool {
    let is_moving = image.tag.is_none_or(|tag| !tag.contains(|c: char| c.is_ascii_digit()));
    let differs = images::all()
        .iter()
        .any(|known| known.is_of(image.repository) && known.has.iter().any(|name| name == program));
    is_moving && differs && service.known().has_program(program) == Some(false)
}

fn help(service: &Service<'_>, program: &str) -> String {
    match service.known().health() {
        Some(line) if program != "sh" => format!("use `{line}`"),
        _ if program == "sh" => {
            "`CMD-SHELL` needs a shell: use `CMD` with a program of the image".to_owned()
        }
        _ => "use a program that is in the image".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn one(rest: &str, test: &str) -> Vec<String> {
        of("CV303", &format!("services:\n  a:\n    {rest}\n    healthcheck:\n      test: {test}\n"))
    }

    #[test]
    fn the_program_must_be_in_the_image() {
        let text = "`curl` is not in `ollama/ollama:0.5.7`";
        for (test, at) in [
            ("[CMD, curl, -f, http://a]", 19),
            ("[CMD, /usr/bin/curl, -f, http://a]", 19),
            ("[CMD-SHELL, curl -f http://a || exit 1]", 25),
            ("curl -f http://a", 13),
            ("timeout 5 curl -f http://a", 13),
            ("\"[ \\\"$$(curl -s http://a)\\\" = ok ]\"", 13),
            ("[CMD, sh, -c, curl -f http://a]", 19),
            ("[CMD, bash, -lc, \"A=b exec curl -f http://a\"]", 19),
            ("curl -s http://a | grep ok", 13),
        ] {
            let found = one("image: ollama/ollama:0.5.7", test);
            assert_eq!(found, [format!("5:{at} error {text}")], "{test}");
        }
        assert_eq!(
            one("image: ollama/ollama:0.5.7", "curl -f http://a || wget -q --spider http://a"),
            ["5:13 error `curl` and `wget` are not in `ollama/ollama:0.5.7`"]
        );
    }

    #[test]
    fn what_is_there_or_unknown_is_fine() {
        for (rest, test) in [
            ("image: ollama/ollama:0.5.7", "ollama list"),
            ("image: ollama/ollama:0.5.7", "curl -f http://a || ollama list"),
            ("image: ollama/ollama:0.5.7", "ask http://a"),
            ("image: ollama/ollama:0.5.7", "[NONE]"),
            ("image: someone/unknown", "curl -f http://a"),
            ("{image: ollama/ollama:0.5.7, build: .}\n  b:\n    image: x", "curl -f http://a"),
            ("build: .", "curl -f http://a"),
            ("image: ollama/ollama:0.5.7\n    volumes: [./curl:/usr/bin/curl]", "curl -f http://a"),
            (
                "image: ollama/ollama:0.5.7\n    entrypoint: sh -c 'apt-get install -y curl; ollama serve'",
                "curl -f http://a",
            ),
            // Not to be understood: nothing is claimed.
            ("image: ollama/ollama:0.5.7", "if curl -f http://a; then exit 0; fi"),
        ] {
            assert_eq!(one(rest, test), [""; 0], "{rest} {test}");
        }
    }

    #[test]
    fn a_shell_is_needed_for_a_line() {
        let image = "image: test/distroless:1";
        let found = one(image, "[CMD-SHELL, /serve -health]");
        assert_eq!(found, ["5:25 error `sh` is not in `test/distroless:1`"]);
        assert_eq!(one(image, "[CMD, /serve, -health]"), [""; 0]);
        let found = one(image, "[CMD, /bin/sh, -c, /serve -health]");
        assert_eq!(found, ["5:19 error `sh` is not in `test/distroless:1`"]);
    }

    #[test]
    fn sockets_need_bash() {
        let line = "exec 3<>/dev/tcp/localhost/80";
        let found = one("image: test/alpine:1", line);
        assert_eq!(found, ["5:13 error `bash` is not in `test/alpine:1`"]);
        assert_eq!(one("image: postgres:17", line), [""; 0]);
        let found = one("image: test/alpine:1", &format!("bash -c '{line}'"));
        assert_eq!(found, ["5:13 error `bash` is not in `test/alpine:1`"]);
    }

    #[test]
    fn where_releases_differ_the_tag_must_tell() {
        for (tag, wanted) in [
            (":2.0", "error `curl` is not in `test/changing:2.0`"),
            (":latest", "warning `curl` is not in `test/changing:latest`"),
            ("", "warning `curl` is not in `test/changing`"),
        ] {
            let found = one(&format!("image: test/changing{tag}"), "curl -f http://a");
            assert_eq!(found, [format!("5:13 {wanted}")]);
        }
        assert_eq!(one("image: test/changing:1.4", "curl -f http://a"), [""; 0]);
    }

    #[test]
    fn a_shared_check_is_told_of_once_an_image() {
        let text = "x-c: &c {test: [CMD, curl, http://a]}\nservices:\n  a: {image: ollama/ollama:0.6.1, healthcheck: *c}\n  b: {image: ollama/ollama:0.6.1, healthcheck: *c}\n  c: {image: x, healthcheck: *c}\n";
        assert_eq!(of("CV303", text), ["1:22 error `curl` is not in `ollama/ollama:0.6.1`"]);
    }
}
