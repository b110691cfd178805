//! What is a secret, by the name of a variable.

/// What a variable is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A password, or a key to sign or encrypt with: whatever is written there is in use.
    Own,
    /// A key or a token that somebody else gives out: what stands there may be a dummy.
    Given,
}

/// `POSTGRES_PASSWORD`, `apiKey` and `Jwt__Secret` in words, in capitals.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            before = '_';
            continue;
        }
        let begins = before == '_' || (before.is_ascii_lowercase() && c.is_ascii_uppercase());
        match words.last_mut().filter(|_| !begins) {
            Some(word) => word.push(c.to_ascii_uppercase()),
            None => words.push(c.to_ascii_uppercase().to_string()),
        }
        before = c;
    }
    words
}

/// First words of names that turn something on or off.
const SWITCHES: &[&str] = &[
    "ALLOW", "ALLOWED", "CHECK", "DISABLE", "DISABLED", "ENABLE", "ENABLED", "FORCE", "GENERATE",
    "HAS", "HIDE", "IS", "NO", "REQUIRE", "REQUIRES", "SHOW", "SKIP", "USE", "VALIDATE", "VERIFY",
];

/// What comes before `TOKEN` where it is a piece of text or a number, and no secret.
const NO_TOKENS: &[&str] = &[
    "BOS", "CLS", "COUNT", "END", "EOS", "FIRST", "IMAGE", "LAST", "LIMIT", "MASK", "MAX", "MIN",
    "NEXT", "NUM", "PAD", "PER", "SEP", "SPECIAL", "START", "STOP", "THINK", "TOTAL", "UNK",
];

/// What comes before `KEY` where that is a secret.
const KEYS: &[&str] = &[
    "ACCESS",
    "ADMIN",
    "API",
    "AUTH",
    "ENCRYPTION",
    "FERNET",
    "HMAC",
    "JWT",
    "MASTER",
    "PRESHARED",
    "PRIVATE",
    "SECRET",
    "SHARED",
    "SIGNING",
];

/// Ends of words that are a password, with words that end so by chance.
const PASSWORDS: &[&str] = &["PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD"];
const NO_PASSWORDS: &[&str] =
    &["BYPASS", "COMPASS", "ENCOMPASS", "MULTIPASS", "OLDPWD", "RENDERPASS", "SURPASS", "TRESPASS"];

/// What a variable is for, if that is a secret.
pub(super) fn shape(name: &str) -> Option<Shape> {
    let mut words = words(name);
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_kind =
        |word: &String| is_number(word) || matches!(&**word, "VALUE" | "PLAINTEXT" | "BASE64");
    while words.last().is_some_and(is_kind) {
        words.pop();
    }
    let last = words.pop()?;
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let before = words.last().map(String::as_str).unwrap_or_default();
    let is_switch = words.first().is_some_and(|first| SWITCHES.contains(&first.as_str()));
    // A hash cannot be turned back, and a public key is meant for all.
    let is_public = words.iter().any(|word| matches!(&**word, "HASHED" | "ENCRYPTED" | "ANON"))
        || matches!(before, "PUBLIC" | "PUBLISHABLE");
    if is_switch || is_public {
        return None;
    }
    let is_password = PASSWORDS.iter().any(|end| last.ends_with(end))
        && !NO_PASSWORDS.contains(&last)
        && (last != "PWD" || !words.is_empty());
    let is_auth = last == "AUTH" && matches!(before, "REDIS" | "REDISCLI" | "VALKEY");
    if is_password || is_auth {
        return Some(Shape::Own);
    }
    match last {
        "BASE" if before == "KEY" => return Some(Shape::Own),
        "KEY" | "KEYS" if KEYS.contains(&before) => {
            let is_given = matches!(before, "ACCESS" | "API" | "AUTH");
            return Some(if is_given { Shape::Given } else { Shape::Own });
        }
        "KEY" if matches!(before, "ACCOUNT" | "STORAGE") => {
            return words.iter().any(|word| word == "AZURE").then_some(Shape::Given);
        }
        // The name of a new cluster of etcd.
        "TOKEN" if before == "CLUSTER" && words.iter().any(|word| word == "INITIAL") => {
            return None;
        }
        "SECRET" if matches!(before, "API" | "CLIENT") => return Some(Shape::Given),
        "TOKEN" if NO_TOKENS.contains(&before) => return None,
        _ => {}
    }
    let is_given = last == "TOKEN"
        || ["APIKEY", "ACCESSKEY", "AUTHTOKEN", "ACCESSTOKEN", "APITOKEN", "BOTTOKEN"]
            .iter()
            .any(|end| last.ends_with(end));
    let is_own = ["SECRET", "SECRETKEY", "PRIVATEKEY", "ENCRYPTIONKEY"]
        .iter()
        .any(|end| last.ends_with(end));
    if is_given { Some(Shape::Given) } else { is_own.then_some(Shape::Own) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shaped_like_secrets() {
        for name in [
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "DB_PASS",
            "REDISPASS",
            "MYSQL_PWD",
            "SMTP_PASSWD",
            "database__connection__password",
            "sonar.jdbc.password",
            "adminPassword",
            "PASSWORD_1",
            "SECRET_KEY",
            "SECRET_KEY_BASE",
            "JWT_SECRET",
            "AIRFLOW__CORE__FERNET_KEY",
            "WIREGUARD_PRIVATE_KEY",
            "MINIO_SECRETKEY",
            "REDIS_AUTH",
            "REDISCLI_AUTH",
            "ROOT_PASSWORD2",
        ] {
            assert_eq!(shape(name), Some(Shape::Own), "{name}");
        }
        for name in [
            "HF_TOKEN",
            "OPENAI_API_KEY",
            "OPENAI_API_KEYS",
            "AWS_SECRET_ACCESS_KEY",
            "MINIO_ACCESS_KEY",
            "APP_LLM_APIKEY",
            "AZURE_STORAGE_KEY",
            "NGC_API_KEY",
            "githubAccessToken",
            "clientSecret",
            "TOKEN",
        ] {
            assert_eq!(shape(name), Some(Shape::Given), "{name}");
        }
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "GF_SECURITY_ADMIN_PASSWORD__FILE",
            "POSTGRES_HOST_AUTH_METHOD",
            "TOKENIZER",
            "TOKENIZERS_PARALLELISM",
            "MAX_TOKENS",
            "MAX_TOKEN",
            "PASSWORD_MIN_LENGTH",
            "SECRET_NAME",
            "PWD",
            "OLDPWD",
            "BYPASS",
            "PASS_THROUGH",
            "AWS_ACCESS_KEY_ID",
            "PUBLIC_KEY",
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY",
            "CONNECT_KEY_CONVERTER",
            "EOS_TOKEN",
            "COST_PER_TOKEN",
            "ETCD_INITIAL_CLUSTER_TOKEN",
            "ALLOW_EMPTY_PASSWORD",
            "TOKEN_EXPIRY_SECONDS",
            "EDGEX_SERVICE_KEY",
            "EDGEX_SECURITY_SECRET_STORE",
            "KAFKA_SSL_KEYSTORE_CREDENTIALS",
            "HASHED_PASSWORD",
            "STORAGE_KEY",
            "OAUTH_ENABLED",
            "KEY",
            "",
            "__",
            "1",
            "É_PASSWORT",
        ] {
            assert_eq!(shape(name), None, "{name}");
        }
    }
}
