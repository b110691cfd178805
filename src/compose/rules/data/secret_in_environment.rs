//! CV605.

use super::secret::{in_address, is_secret, is_well_known};
use super::shape::{Shape, shape};
use super::written::{Written, written};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, Variable, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV605",
        name: "secret-in-environment",
        severity: Severity::Warning,
        about: "a secret is in the file in plain text",
    },
    sets: PLATFORM,
    fix: None,
    why: "\
A secret in a Compose file is in version control for ever, with everybody who ever cloned it, and it is the same on
every machine that runs the stack. One that everybody knows, such as `postgres` or `minioadmin`, is no secret at all:
in the set `strict` it is an error.

Looked at are variables of services whose names are those of credentials (`…PASSWORD`, `…PASS`, `…PWD`, `…TOKEN`,
`…SECRET`, `…API_KEY`, `…ACCESS_KEY`, `…PRIVATE_KEY` and the like), passwords in addresses
(`postgres://user:password@host`, `Password=…;`), and `NEO4J_AUTH`. A secret is what is written there, and also what a
variable falls back to: `${DB_PASSWORD:-postgres}` is `postgres` wherever nobody sets it.

These pass: `${DB_PASSWORD}` and `${DB_PASSWORD:?}`, names that end in `_FILE`, empty values, booleans, paths, places
in a store of secrets (`vault:…`), values to be filled in (`<password>`), and for keys that somebody else gives out
what is plainly a dummy (`EMPTY`, `your-api-key`). What is in an `env_file` is not looked at. `MAX_TOKENS`,
`TOKENIZER` and `PASSWORD_MIN_LENGTH` are no secrets.

Use `${DB_PASSWORD:?}` with a `.env` that is not committed or, better, a file of `secrets:` where the image can read
one (`POSTGRES_PASSWORD_FILE: /run/secrets/db`): variables are shown by `docker inspect`, and every process that the
service starts has them. And change those that were committed. Messages do not repeat the secret.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    environment:
      POSTGRES_PASSWORD: mlflow-7f2c
",
    good: "\
services:
  registry:
    image: postgres:17.2
    environment:
      POSTGRES_PASSWORD_FILE: /run/secrets/registry
    secrets:
      - registry
secrets:
  registry:
    file: ./registry.secret
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let secrets: Vec<&str> = view.section("secrets").map(|(name, _)| name).collect();
    for service in &view.services {
        for variable in service.environment() {
            findings.extend(of(view, service, &variable, &secrets));
        }
    }
}

fn of(
    view: &View<'_>,
    service: &Service<'_>,
    variable: &Variable<'_>,
    secrets: &[&str],
) -> Option<Finding> {
    let written = written(view, service, variable)?;
    let name = variable.name;
    let text = written.text.trim();
    let text = if name == "NEO4J_AUTH" { neo4j(text)? } else { text };
    let shape = if name == "NEO4J_AUTH" { Some(Shape::Own) } else { shape(name) };
    // The name of a secret of the stack, for the service to look up.
    let is_reference = secrets.contains(&text);
    let (what, secret) = if shape.is_some_and(|shape| is_secret(shape, name, text)) && !is_reference
    {
        ("a secret", text)
    } else {
        ("a password", in_address(text)?)
    };
    let is_known = is_well_known(secret, service.name);
    let message = message(name, what, &written, is_known);
    let is_worse = is_known && view.settings.is_strict;
    let severity = if is_worse { Severity::Error } else { Severity::Warning };
    let finding = variable.node.finding(&RULE.code, message).service(service.name);
    let finding = finding.severity(severity);
    let help = if written.has_default {
        "let it have no default: `${NAME:?}` asks for a value"
    } else {
        "take it from a variable, `${NAME:?}`, or from a file of `secrets:`"
    };
    Some(finding.help(help.replace("NAME", variable_name(name))))
}

fn message(name: &str, what: &str, written: &Written, is_well_known: bool) -> String {
    match (written.has_default, is_well_known) {
        (true, true) => format!("`{name}` falls back to {what} that everybody knows"),
        (true, false) => format!("`{name}` falls back to {what} in plain text"),
        (false, true) => format!("`{name}` holds {what} that everybody knows"),
        (false, false) => format!("`{name}` holds {what} in plain text"),
    }
}

/// What is behind the user in `user/password`.
fn neo4j(text: &str) -> Option<&str> {
    text.split_once('/').map(|(_, password)| password)
}

/// A name that Compose takes for one of a variable.
fn variable_name(name: &str) -> &str {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.bytes().all(is_part) { name } else { "NAME" }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn found(variable: &str) -> Vec<String> {
        of("CV605", &format!("services:\n  a:\n    image: a\n    environment:\n      {variable}\n"))
    }

    #[test]
    fn a_literal_is_found_in_both_forms() {
        let text = "holds a secret in plain text";
        for (variable, place) in [
            ("POSTGRES_PASSWORD: s3cr3t", "5:26"),
            ("POSTGRES_PASSWORD: \"s3cr3t\"", "5:26"),
            ("POSTGRES_PASSWORD: 123454321", "5:26"),
            ("- POSTGRES_PASSWORD=s3cr3t", "5:9"),
            ("- 'POSTGRES_PASSWORD=s3cr3t'", "5:9"),
            ("POSTGRES_PASSWORD: |\n        s3cr3t", "6:9"),
            ("POSTGRES_PASSWORD: pa$$word1", "5:26"),
        ] {
            assert_eq!(
                found(variable),
                [format!("{place} warning `POSTGRES_PASSWORD` {text}")],
                "{variable}"
            );
        }
        for variable in [
            "POSTGRES_PASSWORD: ''",
            "POSTGRES_PASSWORD:",
            "- POSTGRES_PASSWORD",
            "- POSTGRES_PASSWORD=",
            "POSTGRES_PASSWORD_FILE: /run/secrets/x",
            "POSTGRES_USER: someone",
            "ALLOW_EMPTY_PASSWORD: yes",
            "MYSQL_RANDOM_ROOT_PASSWORD: true",
        ] {
            assert!(found(variable).is_empty(), "{variable}");
        }
    }

    #[test]
    fn variables_pass_and_their_defaults_do_not() {
        for variable in [
            "DB_PASSWORD: $DB_PASSWORD",
            "DB_PASSWORD: ${DB_PASSWORD}",
            "DB_PASSWORD: ${DB_PASSWORD:-}",
            "DB_PASSWORD: ${DB_PASSWORD-}",
            "DB_PASSWORD: ${DB_PASSWORD:-${OTHER:-}}",
            "- DB_PASSWORD=${DB_PASSWORD}",
            "DB_URL: postgres://u:${DB_PASSWORD:-}@h/db",
            "DB_URL: postgres://${USER:-u}:${DB_PASSWORD}@h/db",
        ] {
            assert!(found(variable).is_empty(), "{variable}");
        }
        for (variable, wanted) in [
            (
                "DB_PASSWORD: ${DB_PASSWORD:-s3cr3t}",
                "5:20 warning `DB_PASSWORD` falls back to a secret in plain text",
            ),
            (
                "DB_PASSWORD: ${DB_PASSWORD:-${OTHER:-postgres}}",
                "5:20 warning `DB_PASSWORD` falls back to a secret that everybody knows",
            ),
            (
                "- DB_PASSWORD=${DB_PASSWORD-s3cr3t}",
                "5:9 warning `DB_PASSWORD` falls back to a secret in plain text",
            ),
            (
                "DB_URL: postgres://u:${DB_PASSWORD:-airflow}@h/db",
                "5:15 warning `DB_URL` falls back to a password that everybody knows",
            ),
        ] {
            assert_eq!(found(variable), [wanted], "{variable}");
        }
    }

    #[test]
    fn well_known_ones_and_addresses_are_told_apart() {
        for (variable, wanted) in [
            (
                "MINIO_ROOT_PASSWORD: minioadmin",
                "5:28 warning `MINIO_ROOT_PASSWORD` holds a secret that everybody knows",
            ),
            (
                "CONN: postgresql://airflow:airflow@postgres/airflow",
                "5:13 warning `CONN` holds a password that everybody knows",
            ),
            ("CONN: redis://:s3cr3t@redis", "5:13 warning `CONN` holds a password in plain text"),
            ("NEO4J_AUTH: neo4j/s3cr3t", "5:19 warning `NEO4J_AUTH` holds a secret in plain text"),
        ] {
            assert_eq!(found(variable), [wanted], "{variable}");
        }
        assert!(found("NEO4J_AUTH: none").is_empty());
    }

    #[test]
    fn a_name_of_a_secret_is_none() {
        let text = "services:\n  a:\n    image: a\n    environment: {DB_SECRET: db}\n    secrets: [db]\nsecrets:\n  db: {file: ./db}\n";
        assert!(of("CV605", text).is_empty());
    }

    #[test]
    fn an_anchor_of_two_services_is_found_once() {
        let text = "x-env: &env\n  DB_PASSWORD: s3cr3t\nservices:\n  a: {image: a, environment: *env}\n  b: {image: b, environment: {<<: *env, C: d}}\n";
        assert_eq!(of("CV605", text), ["2:16 warning `DB_PASSWORD` holds a secret in plain text"]);
    }
}
