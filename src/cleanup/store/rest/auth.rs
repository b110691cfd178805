//! Who asks, as MLflow's own clients say it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::RequestBuilder;

use crate::core::config::Environment;
use crate::core::error::Fault;
use crate::core::http::Setup;

/// As long as MLflow's clients wait.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Sent with every request.
#[derive(Clone, Default)]
pub(super) struct Auth {
    /// Name and password; they go before the token.
    basic: Option<(String, String)>,
    token: Option<String>,
    workspace: Option<String>,
}

impl Auth {
    /// Of the URL, the environment, or `~/.mlflow/credentials`. The URL is left without them.
    pub(super) fn find(url: &mut Url, env: &Environment) -> Result<Self, Fault> {
        for unsupported in ["MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_AUTH"] {
            if env.get(unsupported).is_some_and(|value| !is_off(&value)) {
                return Err(Fault::usage(format!("{unsupported} is set, and not supported"))
                    .hint("a name and password, or a token, are"));
            }
        }
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        let own = (!url.username().is_empty())
            .then(|| (decode(url.username()), decode(url.password().unwrap_or_default())));
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let (mut name, mut password) = (None, None);
        if let Some(home) = env.get("HOME") {
            let text = std::fs::read_to_string(Path::new(&home).join(".mlflow/credentials"));
            let text = text.unwrap_or_default();
            name = of_file(&text, "mlflow_tracking_username");
            password = of_file(&text, "mlflow_tracking_password");
        }
        let name = env.get("MLFLOW_TRACKING_USERNAME").or(name);
        let password = env.get("MLFLOW_TRACKING_PASSWORD").or(password);
        Ok(Self {
            basic: own.or_else(|| Some((name?, password.unwrap_or_default()))),
            token: env.get("MLFLOW_TRACKING_TOKEN"),
            workspace: env.get("MLFLOW_WORKSPACE"),
        })
    }

    pub(super) fn sign(&self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(workspace) = &self.workspace {
            request = request.header("X-MLFLOW-WORKSPACE", workspace);
        }
        match (&self.basic, &self.token) {
            (Some((name, password)), _) => request.basic_auth(name, Some(password)),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => request,
        }
    }
}

/// How the server is reached.
pub(super) fn setup(env: &Environment) -> Setup {
    let path = |name| env.get(name).map(PathBuf::from);
    let timeout = env.get("MLFLOW_HTTP_REQUEST_TIMEOUT").and_then(|text| text.parse().ok());
    Setup {
        timeout: Some(timeout.map_or(TIMEOUT, Duration::from_secs)),
        ca_file: path("MLFLOW_TRACKING_SERVER_CERT_PATH"),
        identity: path("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
        accepts_any_certificate: env
            .get("MLFLOW_TRACKING_INSECURE_TLS")
            .is_some_and(|value| !is_off(&value)),
        ..Setup::default()
    }
}

fn is_off(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "false" | "0")
}

/// A value in the section `[mlflow]`.
fn of_file(text: &str, key: &str) -> Option<String> {
    let mut is_ours = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_ours = line == "[mlflow]";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_ours)
            && name.trim().eq_ignore_ascii_case(key)
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_from_their_section() {
        let text =
            "[other]\nmlflow_tracking_username = no\n[mlflow]\nMLFLOW_TRACKING_USERNAME = ada\n";
        assert_eq!(of_file(text, "mlflow_tracking_username").as_deref(), Some("ada"));
        assert_eq!(of_file(text, "mlflow_tracking_password"), None);
    }
}
