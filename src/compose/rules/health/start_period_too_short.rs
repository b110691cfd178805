//! CV306.

use std::time::Duration;

use super::checks::{at_key, told};
use super::{probe, weights};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::images::Kind;
use crate::compose::rules::{PLATFORM, Rule, Settings};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV306",
        name: "start-period-too-short",
        severity: Severity::Warning,
        about: "a model server is called unhealthy while it still loads its model",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
A server of models answers when the weights are in memory. That takes minutes: they are read from a disk or a network,
copied to the GPU, and often compiled or warmed up. Meanwhile the health check fails, and when `start_period` +
`interval` × `retries` are over, the container is unhealthy: what waits for it gives up.

Looked at are services whose image is known to serve models (vLLM, TGI, Triton, NIM, Ollama), whose command starts such
a server (`vllm serve`, `mlflow models serve`, `tritonserver` …), and services with a reserved GPU whose image is not
known to be something else. Their patience must reach the time to load: 120 s at least (option `model-load`), and more
where a folder is mounted that holds the weights of one model, which count with 1 GB/s. Times that are not given count
with Docker's defaults.",
    bad: "\
services:
  llm:
    image: vllm/vllm-openai:v0.8.5
    healthcheck:
      test: [\"CMD-SHELL\", \"curl -f http://localhost:8000/health\"]
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 30s
",
    good: "\
services:
  llm:
    image: vllm/vllm-openai:v0.8.5
    healthcheck:
      test: [\"CMD-SHELL\", \"curl -f http://localhost:8000/health\"]
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 5m
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let check = service.healthcheck().filter(|check| !check.is_disabled);
        let Some(check) = check.filter(|check| !check.test.is_empty()) else { continue };
        let Some(load) = load(service, view.settings) else { continue };
        let patience = check.patience();
        if patience >= load {
            continue;
        }
        let text = format!(
            "the health check gives up after {}, and a model may take {} to load",
            told(patience),
            told(load)
        );
        let keys = ["healthcheck", "start_period"];
        let set = vec![Set::of(service.name, &keys, told(load))];
        let (finding, edit) = match service.get(&keys) {
            Some(node) => (node.finding(&RULE.code, text), view.replace(node, &told(load))),
            None => (at_key(check.entry, &RULE.code, text), None),
        };
        let fix = match edit {
            Some((edit, paths)) => Fix::edit(Safety::Unsafe, vec![edit], paths).or_set(set),
            None => Fix::set(Safety::Unsafe, set),
        };
        let help = format!("set `start_period: {}` or more", told(load));
        findings.add(finding.help(help).fix(Some(fix)).service(service.name));
    }
}

/// How long a service may need to load its model; `None` if it is none that does.
pub(super) fn load(service: &Service<'_>, settings: &Settings) -> Option<Duration> {
    serves_models(service).then(|| {
        let weights = weights::mounted(service).unwrap_or(0);
        let reading = Duration::from_secs(weights / weights::BYTES_PER_SECOND);
        settings.model_load.max(reading)
    })
}

fn serves_models(service: &Service<'_>) -> bool {
    match service.known().kind() {
        Some(Kind::ModelServer) => true,
        // An MLflow image may serve as well.
        Some(kind) if kind != Kind::Registry && kind != Kind::Base => false,
        kind => starts_server(service) || (kind.is_none() && !service.gpus().is_empty()),
    }
}

/// Whether the command starts a server of models.
fn starts_server(service: &Service<'_>) -> bool {
    let words = service.words();
    let parts: Vec<&str> =
        words.iter().flat_map(|word| word.text.split_whitespace()).map(probe::base).collect();
    let has = |wanted: &[&str]| parts.windows(wanted.len()).any(|window| window == wanted);
    has(&["vllm", "serve"])
        || has(&["mlflow", "models", "serve"])
        || has(&["ollama", "serve"])
        || has(&["tritonserver"])
        || has(&["text-generation-launcher"])
        || parts
            .iter()
            .any(|part| part.starts_with("vllm.entrypoints.") || *part == "sglang.launch_server")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::compose::rules::testing::{of, of_with, settings};

    fn stack(rest: &str, times: &str) -> String {
        format!("services:\n  a:\n    {rest}\n    healthcheck: {{test: x{times}}}\n")
    }

    fn one(rest: &str, times: &str) -> Vec<String> {
        of("CV306", &stack(rest, times))
    }

    const VLLM: &str = "image: vllm/vllm-openai:v0.8.5";

    fn told(patience: &str, load: &str) -> String {
        format!("the health check gives up after {patience}, and a model may take {load} to load")
    }

    #[test]
    fn a_server_of_models_needs_its_time() {
        assert_eq!(one(VLLM, ""), [format!("4:5 warning {}", told("90s", "120s"))]);
        assert_eq!(
            one(VLLM, ", interval: 10s, retries: 3, start_period: 89s"),
            [format!("4:69 warning {}", told("119s", "120s"))]
        );
        for times in [", start_period: 30s", ", start_period: 2m, interval: 1s", ", retries: 4"] {
            assert_eq!(one(VLLM, times), [""; 0], "{times}");
        }
    }

    #[test]
    fn other_ways_to_serve_are_seen() {
        for rest in [
            "build: .\n    command: vllm serve m",
            "image: x\n    command: [/usr/bin/python3, -m, vllm.entrypoints.openai.api_server]",
            "image: x\n    entrypoint: /opt/tritonserver/bin/tritonserver --model-repository=/m",
            "image: x\n    command: sh -c 'mlflow models serve -m /m'",
            "image: x\n    gpus: all",
            "build: .\n    deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}",
        ] {
            assert_eq!(one(rest, "").len(), 1, "{rest}");
        }
        for rest in [
            "image: x",
            "build: .",
            "image: postgres:17\n    gpus: all",
            "image: x\n    command: mlflow server",
        ] {
            assert_eq!(one(rest, ""), [""; 0], "{rest}");
        }
    }

    #[test]
    fn a_check_must_be_there() {
        assert_eq!(of("CV306", &format!("services:\n  a:\n    {VLLM}\n")), [""; 0]);
        assert_eq!(one(VLLM, ", disable: true"), [""; 0]);
        let inherited = format!("services:\n  a:\n    {VLLM}\n    healthcheck: {{interval: 1s}}\n");
        assert_eq!(of("CV306", &inherited), [""; 0]);
    }

    #[test]
    fn the_least_time_may_be_set() {
        let other = |seconds| {
            let mut settings = settings();
            settings.model_load = Duration::from_secs(seconds);
            of_with("CV306", &stack(VLLM, ""), &settings)
        };
        assert_eq!(other(90), [""; 0]);
        assert_eq!(other(600), [format!("4:5 warning {}", told("90s", "600s"))]);
    }

    #[test]
    fn large_weights_take_longer() {
        let folder = std::env::temp_dir().join(format!("ut-load-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::fs::File::create(folder.join("model.safetensors")).unwrap();
        file.set_len(300_000_000_000).unwrap();
        let rest = format!("{VLLM}\n    volumes: ['{}:/model']", folder.display());
        let found = one(&rest, ", start_period: 60s");
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with(&told("150s", "300s")), "{found:?}");
    }
}
