//! Containers of a Docker engine: whether those that run are well, and whether those run that must.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use serde::Deserialize;

use super::answer::{Silent, answered, beginning, within};
use super::text::short;
use super::{Kind, Shared, nothing};
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::http::{Setup, client};
use crate::core::output::printable;
use crate::health::{Asked, Datum, Probe, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "docker",
    fields: &["socket", "project", "containers"],
    is_critical: true,
    is_guarded: true,
    read,
    found: nothing,
};

const SOCKET: &str = "/var/run/docker.sock";
/// The host's name is for HTTP alone. Without a version, the engine answers as its own has it.
const LIST: &str = "http://docker/containers/json?all=true";
/// Longer lists are not read.
const LONGEST: usize = 16 << 20;
/// How many containers in trouble are named.
const NAMED: usize = 3;

#[derive(Debug)]
struct Docker {
    socket: PathBuf,
    wanted: Wanted,
}

/// Which containers count, and which must run.
#[derive(Debug, Default)]
struct Wanted {
    project: Option<String>,
    containers: Vec<String>,
}

fn read(asked: &Asked<'_>, ctx: &Context) -> Result<Shared, Fault> {
    let of_environment = || {
        let host = ctx.env.get("DOCKER_HOST")?;
        host.strip_prefix("unix://").map(PathBuf::from)
    };
    let socket = asked.path("socket").or_else(of_environment);
    let containers = asked.get("containers").and_then(Value::texts).unwrap_or_default();
    if containers.iter().any(|name| name.trim().is_empty()) {
        return Err(asked.wrong("containers", "one of the names is empty"));
    }
    let project = asked.text("project").map(str::to_owned);
    Ok(Arc::new(Docker {
        socket: socket.unwrap_or(SOCKET.into()),
        wanted: Wanted { project, containers },
    }))
}

impl Probe for Docker {
    fn look(&self, timeout: Duration, ctx: &Context) -> Verdict {
        let (socket, own) = (self.socket.clone(), ctx.clone());
        match within(timeout, move || list(&socket, timeout, &own)) {
            Ok(containers) => self.wanted.judge(&containers),
            Err(silent) => {
                Verdict::fail(format!("{}: {}", self.socket.display(), silent.text(timeout)))
            }
        }
    }
}

/// As the engine's API describes a container, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    id: String,
    names: Option<Vec<String>>,
    /// `running`, `exited`, …
    state: String,
    /// For people: `Up 2 hours (unhealthy)`.
    status: String,
    labels: Option<Labels>,
}

#[derive(Debug, Default, Deserialize)]
struct Labels {
    #[serde(rename = "com.docker.compose.project")]
    project: Option<String>,
    #[serde(rename = "com.docker.compose.service")]
    service: Option<String>,
}

/// What the engine says where it refuses.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

fn list(socket: &Path, timeout: Duration, ctx: &Context) -> Result<Vec<Container>, Silent> {
    let client = client(&Setup::default(), ctx).map_err(|e| Silent::Why(e.to_string()))?;
    // There is no TLS: certificates need not be read.
    let client = client.tls_certs_only([]).unix_socket(socket).redirect(Policy::none()).build()?;
    let answer = client.get(LIST).timeout(timeout).send()?;
    let status = answer.status();
    let body = beginning(answer, LONGEST + 1)?;
    if !status.is_success() {
        let said = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.message);
        let said = said.map(|said| format!(": {}", short(&said))).unwrap_or_default();
        return Err(Silent::Why(answered(status) + &said));
    }
    if body.len() > LONGEST {
        return Err(Silent::Why("answered more than 16 MiB".to_owned()));
    }
    serde_json::from_slice(&body)
        .map_err(|_| Silent::Why("answered what is no list of containers".to_owned()))
}

impl Container {
    fn name(&self) -> &str {
        let names = self.names.as_deref().unwrap_or_default();
        // Names with two slashes are those that links give it.
        let name = names.iter().find_map(|name| {
            let name = name.strip_prefix('/').unwrap_or(name);
            (!name.contains('/')).then_some(name)
        });
        name.unwrap_or(self.id.get(..12).unwrap_or(&self.id))
    }

    fn is(&self, state: &str) -> bool {
        self.state.eq_ignore_ascii_case(state)
    }

    /// What is wrong with it, whoever needs it.
    fn trouble(&self) -> Option<&'static str> {
        if self.status.contains("(unhealthy)") {
            return Some("unhealthy");
        }
        ["restarting", "dead"].into_iter().find(|state| self.is(state))
    }

    fn label(&self, of: fn(&Labels) -> &Option<String>) -> Option<&str> {
        self.labels.as_ref().and_then(|labels| of(labels).as_deref())
    }

    /// Whether it is the one that is called so: by its own name, or that of its service in Compose.
    fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.label(|labels| &labels.service) == Some(name)
    }
}

impl Wanted {
    fn judge(&self, all: &[Container]) -> Verdict {
        let project = self.project.as_deref();
        let counts = |container: &&Container| {
            project.is_none() || container.label(|labels| &labels.project) == project
        };
        let containers: Vec<&Container> = all.iter().filter(counts).collect();
        let mut troubles: Vec<String> = containers
            .iter()
            .filter_map(|c| c.trouble().map(|trouble| format!("{} {trouble}", c.name())))
            .collect();
        troubles.extend(self.containers.iter().filter_map(|name| missing(name, &containers)));
        if let (true, true, Some(project)) = (containers.is_empty(), troubles.is_empty(), project) {
            troubles.push(format!("project {project} has no containers"));
        }
        let (count, running) =
            (containers.len(), containers.iter().filter(|c| c.is("running")).count());
        let verdict = if troubles.is_empty() {
            let plural = if count == 1 { "" } else { "s" };
            Verdict::pass(format!("{count} container{plural}, {running} running"))
        } else {
            Verdict::fail(named(&troubles))
        };
        verdict.with(Datum::new("containers", count as f64, "")).with(Datum::new(
            "running",
            running as f64,
            "",
        ))
    }
}

/// What is wrong where none that is called so runs, unless that is said already.
fn missing(name: &str, containers: &[&Container]) -> Option<String> {
    let mut called = containers.iter().filter(|container| container.is_called(name)).peekable();
    let Some(first) = called.peek() else { return Some(format!("{name} missing")) };
    let state = &first.state;
    let is_said = called.any(|c| c.is("running") || c.trouble().is_some());
    (!is_said).then(|| format!("{name} {}", state.to_lowercase()))
}

/// `api unhealthy, worker restarting, db missing and 3 more`
fn named(troubles: &[String]) -> String {
    let names = printable(&troubles[..troubles.len().min(NAMED)].join(", "));
    match troubles.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    fn recorded(name: &str) -> Vec<Container> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/docker");
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    }

    fn judged(all: &[Container], project: Option<&str>, containers: &[&str]) -> (Status, String) {
        let containers = containers.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { project: project.map(str::to_owned), containers };
        let verdict = wanted.judge(all);
        (verdict.status, verdict.output)
    }

    #[test]
    fn containers_that_are_well_are_counted() {
        let all = recorded("well.json");
        for (project, containers, said) in [
            (None, &[][..], "7 containers, 6 running"),
            (Some("ml"), &["postgres", "worker", "ml-redis-1"], "6 containers, 5 running"),
            (None, &["grafana"], "7 containers, 6 running"),
        ] {
            assert_eq!(judged(&all, project, containers), (Status::Pass, said.to_owned()));
        }
        assert_eq!(judged(&[], None, &[]).1, "0 containers, 0 running");
        let data = Wanted::default().judge(&all).data;
        assert_eq!(data, [Datum::new("containers", 7.0, ""), Datum::new("running", 6.0, "")]);
    }

    #[test]
    fn containers_in_trouble_are_named() {
        let (well, ill) = (recorded("well.json"), recorded("ill.json"));
        let dead = &ill[7].id[..12];
        let chat = "chat-api-1 unhealthy".to_owned();
        for (all, project, containers, said) in [
            (&ill, Some("chat"), &[][..], chat.clone()),
            (&ill, Some("chat"), &["api"], chat),
            (
                &ill,
                Some("ml"),
                &[],
                "ml-mlflow-1 unhealthy, ml-worker-1 restarting, ml-worker-2 restarting".to_owned(),
            ),
            (
                &ill,
                None,
                &["ml-redis-1", "trainer", "worker", "ml-exporter-1", "db"],
                "ml-mlflow-1 unhealthy, ml-worker-1 restarting, ml-worker-2 restarting and 6 more"
                    .to_owned(),
            ),
            (&well, None, &["migrate", "db"], "migrate exited, db missing".to_owned()),
            (&well, Some("ml"), &["grafana"], "grafana missing".to_owned()),
            (&well, Some("mll"), &[], "project mll has no containers".to_owned()),
        ] {
            assert_eq!(judged(all, project, containers), (Status::Fail, said));
        }
        assert_eq!(judged(&ill[7..8], None, &[]).1, format!("{dead} dead"));
        assert_eq!(judged(&ill[2..3], None, &["redis"]).1, "redis paused");
    }
}
