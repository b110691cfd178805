//! CV402.

use std::collections::HashMap;

use super::service::{requests, watches};
use super::visible::named;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::node::Node;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Count, GpuRequest, Peers, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV402",
        name: "gpu-double-booked",
        severity: Severity::Error,
        about: "two services that may run together have one GPU",
    },
    sets: EVERY,
    fix: None,
    why: "\
Neither Compose nor the engine keeps account of GPUs: two services may reserve the same one. Each then plans with all
of its memory (vLLM takes nearly all of it unless `--gpu-memory-utilization` says otherwise), and whichever comes
second stops with *CUDA out of memory*, or both compute at half the speed.

Looked at are `device_ids` that two services share, and `count: all` beside another service with GPUs. Two services
with `count: 1` have the same GPU too, which is a warning: the engine does not look for a free one, but always hands
over the first ones, 0 to n-1 (`countToDevices` in moby's `daemon/nvidia_linux.go`).

Services count that may run together: those of different profiles do not, unless both profiles were asked for.
Exporters that only watch the GPUs do not count.

Where sharing is meant (fractions of the memory, MPS, time slices), set `share-gpus = true` under `[compose]` in
`ut.toml`, and the rule says nothing. That is common with small models: NVIDIA's own blueprints put several on GPU 0.
Whether their memory goes into it together cannot be told from the stack.",
    bad: "\
services:
  chat:
    image: vllm/vllm-openai:v0.11.0
    gpus:
      - device_ids: [\"0\"]
  embed:
    image: vllm/vllm-openai:v0.11.0
    gpus:
      - device_ids: [\"0\"]
",
    good: "\
services:
  chat:
    image: vllm/vllm-openai:v0.11.0
    gpus:
      - device_ids: [\"0\"]
  embed:
    image: vllm/vllm-openai:v0.11.0
    gpus:
      - device_ids: [\"1\"]
",
    check,
};

/// A service with GPUs.
struct User<'v, 'm> {
    service: &'v Service<'m>,
    requests: Vec<GpuRequest<'m>>,
}

impl<'m> User<'_, 'm> {
    fn all(&self) -> Option<&GpuRequest<'m>> {
        self.requests.iter().find(|request| request.count == Count::All)
    }

    /// Where it is written which GPUs it has.
    fn place(&self) -> &'m Node {
        let first = self.requests.iter().find_map(|request| request.number);
        first
            .or_else(|| self.requests.first().map(|request| request.node))
            .unwrap_or(self.service.node)
    }

    fn is_by_number(&self) -> bool {
        self.requests.iter().any(|request| matches!(request.count, Count::Number(_)))
    }
}

fn check(view: &View<'_>, findings: &mut Findings) {
    if view.settings.shares_gpus {
        return;
    }
    let user = |service| User { service, requests: requests(service) };
    let users: Vec<User<'_, '_>> = view
        .services
        .iter()
        .filter(|service| service.replicas() > 0)
        .map(user)
        .filter(|user| !user.requests.is_empty() && !watches(user.service))
        .collect();
    all(view, &users, findings);
    ids(view, &users, findings);
}

/// All GPUs, beside another service that has some.
fn all(view: &View<'_>, users: &[User<'_, '_>], findings: &mut Findings) {
    let (mut some, mut every) = (Peers::default(), Peers::default());
    for (at, user) in users.iter().enumerate().filter(|(_, user)| user.all().is_none()) {
        some.add(view, user.service, at);
    }
    for (at, user) in users.iter().enumerate() {
        let Some(request) = user.all() else { continue };
        let other = some.beside(view, user.service).or_else(|| every.beside(view, user.service));
        every.add(view, user.service, at);
        let Some(other) = other.and_then(|other| users.get(other)) else { continue };
        let name = other.service.name;
        let node = request.number.unwrap_or(request.node);
        let text = format!("all GPUs are reserved, and `{name}` has some of them");
        let help = "reserve those that it needs, by `device_ids`";
        let finding = node.finding(&RULE.code, text).service(user.service.name).help(help);
        findings.add(note(finding, other));
    }
}

/// GPUs by id, which an earlier service has.
fn ids(view: &View<'_>, users: &[User<'_, '_>], findings: &mut Findings) {
    let mut owners: HashMap<String, Peers<'_>> = HashMap::new();
    for (at, user) in users.iter().enumerate() {
        let mut own: Vec<String> =
            user.requests.iter().filter_map(GpuRequest::ids).flatten().collect();
        own.sort();
        own.dedup();
        let owner = |id: &String| owners.get(id)?.beside(view, user.service);
        let shared: Vec<(&String, usize)> =
            own.iter().filter_map(|id| Some((id, owner(id)?))).collect();
        if let Some((_, first)) = shared.first()
            && let Some(other) = users.get(*first)
        {
            let ids: Vec<&String> =
                shared.iter().filter(|(_, owner)| owner == first).map(|(id, _)| *id).collect();
            findings.add(shared_ids(user, other, &ids));
        }
        for id in own {
            owners.entry(id).or_default().add(view, user.service, at);
        }
    }
}

fn shared_ids(user: &User<'_, '_>, other: &User<'_, '_>, ids: &[&String]) -> Finding {
    let verb = if ids.len() == 1 { "is" } else { "are" };
    let text = format!("{} {verb} reserved by `{}` too", named(ids), other.service.name);
    let finding = user.place().finding(&RULE.code, text).service(user.service.name);
    let finding = if user.is_by_number() || other.is_by_number() {
        let help = "`count` always takes the first GPUs of the host: name others with `device_ids`";
        finding.severity(Severity::Warning).help(help)
    } else {
        finding.help("give each its own, or set `share-gpus` under `[compose]` in ut.toml")
    };
    note(finding, other)
}

fn note(finding: Finding, other: &User<'_, '_>) -> Finding {
    let place = other.place().span;
    // One anchor may hold both.
    let place = if place == finding.span { other.service.key } else { place };
    finding.note(place, format!("`{}` reserves them here", other.service.name))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{of, of_with, settings};

    fn gpu(name: &str, device: &str, more: &str) -> String {
        format!("  {name}: {{image: x, gpus: [{device}]{more}}}\n")
    }

    fn found(services: &[String]) -> Vec<String> {
        of("CV402", &format!("services:\n{}", services.concat()))
    }

    #[test]
    fn an_id_has_one_service() {
        let a = gpu("a", "{device_ids: ['0', '1']}", "");
        let b = gpu("b", "{device_ids: ['1', '2']}", "");
        let c = gpu("c", "{device_ids: ['0,1']}", "");
        assert_eq!(
            found(&[a, b, c]),
            [
                "3:37 error GPU `1` is reserved by `a` too",
                "4:37 error GPUs `0`, `1` are reserved by `a` too"
            ]
        );
        let uuid = |name| gpu(name, "{device_ids: [GPU-8932f937]}", "");
        assert_eq!(
            found(&[uuid("a"), uuid("b")]),
            ["3:37 error GPU `GPU-8932f937` is reserved by `a` too"]
        );
        let (a, b) = (gpu("a", "{device_ids: ['0']}", ""), gpu("b", "{device_ids: ['1']}", ""));
        assert!(found(&[a, b]).is_empty());
    }

    #[test]
    fn profiles_keep_services_apart() {
        let with = |name, profiles: &str| {
            gpu(name, "{device_ids: ['0']}", &format!(", profiles: [{profiles}]"))
        };
        assert!(found(&[with("a", "x"), with("b", "y")]).is_empty());
        assert_eq!(found(&[with("a", "x"), with("b", "y, x")]).len(), 1);
        assert_eq!(found(&[with("a", ""), with("b", "y")]).len(), 1);
        assert!(found(&[with("a", ""), gpu("b", "{device_ids: ['0']}", ", scale: 0")]).is_empty());
    }

    #[test]
    fn all_leaves_nothing_for_others() {
        let all = gpu("a", "{count: all}", "");
        let one = gpu("b", "{device_ids: ['1']}", "");
        assert_eq!(
            found(&[all.clone(), one]),
            ["2:32 error all GPUs are reserved, and `b` has some of them"]
        );
        assert_eq!(
            found(&[all.clone(), "  b: {image: x, gpus: all}\n".to_owned()]),
            ["3:23 error all GPUs are reserved, and `a` has some of them"]
        );
        assert!(found(&[all]).is_empty());
        assert!(
            found(&[
                gpu("a", "{count: all}", ", profiles: [x]"),
                gpu("b", "{count: all}", ", profiles: [y]")
            ])
            .is_empty()
        );
    }

    #[test]
    fn a_number_is_of_the_first_ones() {
        let count = |name, count: u64| gpu(name, &format!("{{count: {count}}}"), "");
        assert_eq!(
            found(&[count("a", 1), count("b", 2)]),
            ["3:32 warning GPU `0` is reserved by `a` too"]
        );
        let second = gpu("b", "{device_ids: ['1']}", "");
        assert!(found(&[count("a", 1), second]).is_empty());
        assert!(found(&[count("a", 0), count("b", 0)]).is_empty());
    }

    #[test]
    fn who_only_watches_does_not_count() {
        let dcgm = "  b: {image: 'nvcr.io/nvidia/k8s/dcgm-exporter:4.2.0', gpus: all}\n".to_owned();
        assert!(found(&[gpu("a", "{device_ids: ['0']}", ""), dcgm]).is_empty());
        let smi = gpu("b", "{count: all, capabilities: [gpu, utility]}", "");
        assert!(found(&[gpu("a", "{device_ids: ['0']}", ""), smi]).is_empty());
        let both = gpu("b", "{count: all, capabilities: [gpu, utility, compute]}", "");
        assert_eq!(found(&[gpu("a", "{device_ids: ['0']}", ""), both]).len(), 1);
    }

    #[test]
    fn an_anchor_of_two_services_is_found_once() {
        let text = "x-gpu: &gpu\n  gpus:\n    - device_ids: ['0']\nservices:\n  a: {image: a, <<: *gpu}\n  b: {image: b, <<: *gpu}\n  c: {image: c, <<: *gpu}\n";
        assert_eq!(of("CV402", text), ["3:19 error GPU `0` is reserved by `a` too"]);
    }

    #[test]
    fn sharing_may_be_meant() {
        let text = "services:\n  a: {image: a, gpus: all}\n  b: {image: a, gpus: all}\n";
        assert_eq!(of("CV402", text).len(), 1);
        let mut settings = settings();
        settings.shares_gpus = true;
        assert!(of_with("CV402", text, &settings).is_empty());
    }
}
