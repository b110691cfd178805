//! What is a secret, by the value of a variable.

use super::shape::Shape;
use super::written::HOLE;

/// Whether a value of a variable that is meant for a secret is one.
pub(super) fn is_secret(shape: Shape, name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    if value.is_empty() || value.contains(HOLE) || is_switch(&lower) || refers(&lower) {
        return false;
    }
    let is_placeholder = (value.starts_with('<') && value.ends_with('>'))
        || lower.contains("placeholder")
        || lower.contains("place_holder")
        || value.bytes().all(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_' | b'?'))
        || value.eq_ignore_ascii_case(name);
    !is_placeholder && (shape == Shape::Own || !is_dummy(&lower))
}

fn is_switch(value: &str) -> bool {
    const SWITCHES: &[&str] = &[
        "0", "1", "false", "true", "no", "yes", "n", "y", "off", "on", "none", "null", "nil",
        "enabled", "disabled", "enable", "disable", "optional", "required", "auto",
    ];
    SWITCHES.contains(&value)
}

/// Whether it says where the secret is: a path, a part to be filled in, a place in a store of secrets.
fn refers(value: &str) -> bool {
    const FILES: &[&str] = &[".pem", ".key", ".crt", ".jks", ".p12", ".json", ".txt"];
    const STORES: &[&str] = &[
        "arn:", "awssm:", "aws-sm:", "azurekv:", "doppler:", "env:", "file:", "gcpsm:", "op:",
        "ref+", "urn:", "secret:", "ssm:", "vault:", "enc[", "{cipher}", "$__file", "$__env",
    ];
    let is_path = ["/", "./", "../", "~/", "c:\\"].iter().any(|start| value.starts_with(start));
    let is_path = is_path || (value.contains('/') && FILES.iter().any(|end| value.ends_with(end)));
    let is_template = ["${", "$(", "{{", "%("].iter().any(|part| value.contains(part));
    is_path
        || is_template
        || value.contains("://")
        || STORES.iter().any(|store| value.starts_with(store))
}

/// What is put where a key has to stand and nobody looks at it, or that shows where one is to be put.
fn is_dummy(value: &str) -> bool {
    const DUMMIES: &[&str] = &[
        "any",
        "dummy",
        "empty",
        "example",
        "fake",
        "ignored",
        "invalid",
        "key",
        "lm-studio",
        "local",
        "na",
        "n/a",
        "no",
        "no-key",
        "no_key",
        "not-needed",
        "not_needed",
        "not-used",
        "not_used",
        "ollama",
        "placeholder",
        "sk-no-key-required",
        "string",
        "test",
        "todo",
        "token",
        "unused",
        "api-key",
        "api_key",
        "apikey",
        "access_token",
    ];
    const STARTS: &[&str] = &[
        "your",
        "my-",
        "my_",
        "insert",
        "replace",
        "put-",
        "put_",
        "paste",
        "enter",
        "fill",
        "add-",
        "add_",
        "dummy",
        "fake",
        "not-",
        "not_",
        "sk-xxx",
        "sk-...",
        "hf_xxx",
        "nvapi-...",
        "nvapi-xxx",
        "changeme",
        "change-me",
        "change_me",
        "change this",
        "xxx",
    ];
    let is_number = value.len() < 6 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        || DUMMIES.contains(&value)
        || STARTS.iter().any(|start| value.starts_with(start))
        || value.contains("your-")
        || value.contains("your_")
}

/// Passwords that everybody tries first.
pub(super) fn is_well_known(value: &str, service: &str) -> bool {
    const KNOWN: &[&str] = &[
        "1234",
        "12345",
        "123456",
        "12345678",
        "123456789",
        "admin",
        "admin123",
        "adminpassword",
        "airflow",
        "change-me",
        "change_me",
        "changeit",
        "changeme",
        "clickhouse",
        "confluent",
        "default",
        "docker",
        "elastic",
        "example",
        "grafana",
        "guest",
        "kafka",
        "keycloak",
        "langfuse",
        "letmein",
        "mariadb",
        "metabase",
        "minio",
        "minio123",
        "minio_password",
        "minioadmin",
        "minioadminpassword",
        "miniosecret",
        "mlflow",
        "mongo",
        "mongodb",
        "mypassword",
        "mysecretpassword",
        "mysql",
        "n8n",
        "neo4j",
        "passw0rd",
        "password",
        "password123",
        "pass",
        "postgres",
        "postgresql",
        "prefect",
        "qwerty",
        "rabbitmq",
        "redis",
        "root",
        "rootpassword",
        "sa",
        "secret",
        "superset",
        "supersecret",
        "temporal",
        "test",
        "toor",
        "user",
        "zabbix",
    ];
    let value = value.trim().to_ascii_lowercase();
    KNOWN.contains(&value.as_str()) || value == service.to_ascii_lowercase()
}

/// The password of `scheme://user:password@host`, or of `password=…` in a string for a connection.
pub(super) fn in_address(value: &str) -> Option<&str> {
    in_url(value).or_else(|| in_pairs(value)).filter(|password| {
        let lower = password.to_ascii_lowercase();
        let is_part = password.contains(HOLE) || password.contains(['{', '<', '%', '$']);
        let is_masked = password.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.'));
        !is_part && !is_masked && !is_switch(&lower)
    })
}

fn in_url(value: &str) -> Option<&str> {
    value.match_indices("://").find_map(|(at, mark)| {
        let rest = &value[at + mark.len()..];
        let end = rest.find(['/', '?', '#', ' ', '"', '\'', '\n', ',']).unwrap_or(rest.len());
        let (user, _) = rest[..end].rsplit_once('@')?;
        let (_, password) = user.split_once(':')?;
        Some(password).filter(|password| !password.is_empty())
    })
}

/// `Password=…;`, `&password=…` and `password="…"`, as in ADO.NET, JDBC and JAAS.
fn in_pairs(value: &str) -> Option<&str> {
    let lower = value.to_ascii_lowercase();
    ["password=", "pwd=", "accountkey="].iter().find_map(|key| {
        let at = lower.find(key)?;
        // At the start of the text it is all there is, as in an option of Java.
        let before = lower[..at].chars().next_back()?;
        if !matches!(before, ';' | '&' | '?' | ' ') {
            return None;
        }
        let rest = value.get(at + key.len()..)?.trim_start_matches(['"', '\'', '\\']);
        let end = rest.find([';', '&', '"', '\'', ' ', '\\']).unwrap_or(rest.len());
        Some(&rest[..end])
            .filter(|password| !password.is_empty() && !refers(&password.to_ascii_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_secrets_or_not() {
        for value in ["postgres", "changeme", "p4ss word", "123456", "ab\"c", "$2a$10$abc"] {
            assert!(is_secret(Shape::Own, "X_PASSWORD", value), "{value}");
        }
        for value in [
            "",
            " ",
            "\0",
            "a\0b",
            "true",
            "Yes",
            "0",
            "none",
            "/run/secrets/db",
            "./secret.txt",
            "<password>",
            "********",
            "x_password",
            "${DB_PASSWORD}",
            "$(cat /run/secrets/x)",
            "{{ password }}",
            "vault:secret/db",
            "op://vault/item",
            "$__file{/run/x}",
            "%dir%/jwt/private.pem",
            "urn:secret:x",
            "PASSWORD_PLACE_HOLDER",
            "https://host/token",
        ] {
            assert!(!is_secret(Shape::Own, "X_PASSWORD", value), "{value}");
        }
        for value in ["sk-proj-8f3a", "minioadmin", "hf_abcdefgh"] {
            assert!(is_secret(Shape::Given, "API_KEY", value), "{value}");
        }
        for value in ["EMPTY", "dummy", "your-api-key", "sk-xxxx", "not-needed", "4096", "API_KEY"]
        {
            assert!(!is_secret(Shape::Given, "API_KEY", value), "{value}");
        }
    }

    #[test]
    fn addresses_hold_passwords() {
        for (value, password) in [
            ("postgres://user:pass@host/db", Some("pass")),
            ("db+postgresql://airflow:airflow@postgres/airflow", Some("airflow")),
            ("redis://:pw@redis:6379/0", Some("pw")),
            ("amqp://a:b@h1,amqp://c:d@h2", Some("b")),
            ("http://proxy http://u:p@ss@h", Some("p@ss")),
            ("Server=db;User Id=sa;Password=Foo1;", Some("Foo1")),
            ("jdbc:postgresql://h/db?user=u&password=pw", Some("pw")),
            ("x.PlainLoginModule required username=\"a\" password=\"b-secret\";", Some("b-secret")),
            ("postgres://user@host/db", None),
            ("postgres://user:@host/db", None),
            ("postgres://user:\0@host/db", None),
            ("postgres://user:<password>@host/db", None),
            ("postgres://user:****@host/db", None),
            ("http://host:8080/a@b", None),
            ("http://host:8080", None),
            ("Server=db;Password=\0;", None),
            ("-Dpassword=x", None),
            ("://", None),
        ] {
            assert_eq!(in_address(value), password, "{value}");
        }
    }
}
