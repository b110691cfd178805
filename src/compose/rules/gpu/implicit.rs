//! CV404.

use std::collections::HashSet;

use super::not_reserved::free;
use super::service::{has_runtime, requests, watches};
use super::visible::{Devices, devices};
use crate::compose::edit::Edit;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::source::Span;
use crate::compose::view::{Count, GpuRequest, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV404",
        name: "gpu-implicit",
        severity: Severity::Warning,
        about: "a service does not say which GPUs it has",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
`device_ids` says which GPUs a service has. Everything else leaves it to the machine, and nobody can tell from the
stack whether two services get in each other's way:

- `count: n` does not look for free GPUs: the engine hands over the first n of the host, to each service the same
  (`countToDevices` in moby's `daemon/nvidia_linux.go`).
- `count: all` takes every GPU, and so does a request with neither `count` nor `device_ids`: Compose fills in `all`.
- `runtime: nvidia` alone hands over what the image's `NVIDIA_VISIBLE_DEVICES` says, which is `all` in NVIDIA's
  images. Where the service sets that variable to indices or UUIDs, it says which.

Exporters that only watch the GPUs are meant to see all of them. The fix puts the ids that `count: n` stands for in
its place, and those of the host for `count: all` where `--host-gpus` says how many there are.",
    bad: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
",
    good: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              device_ids: [\"0\"]
              capabilities: [gpu]
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut shares = Shares::new(view);
    for service in view.services.iter().filter(|service| !watches(service)) {
        let requests = requests(service);
        if let Some(request) =
            requests.iter().find(|request| !matches!(request.count, Count::Ids(_)))
        {
            let fix = fix(view, service, request, &mut shares);
            findings.add(of_request(view, service, request).fix(fix));
        } else if requests.is_empty() && has_runtime(service) {
            findings.extend(of_runtime(view, service));
        }
    }
}

fn of_request(view: &View<'_>, service: &Service<'_>, request: &GpuRequest<'_>) -> Finding {
    let text = match (&request.count, request.number) {
        (Count::Number(1), _) => "the first GPU of the host is taken, whoever has it".to_owned(),
        (Count::Number(number), _) => {
            format!("the first {number} GPUs of the host are taken, whoever has them")
        }
        (_, None) if !is_all(view, request) => {
            "all GPUs of the host are taken, as no number is given".to_owned()
        }
        _ => "all GPUs of the host are taken".to_owned(),
    };
    let node = request.number.unwrap_or(request.node);
    let finding = node.finding(&RULE.code, text).service(service.name);
    finding.help("say which: `device_ids: [\"0\"]`")
}

/// `gpus: all`, which becomes a request that has no text of its own.
fn is_all(view: &View<'_>, request: &GpuRequest<'_>) -> bool {
    view.editor.at(request.node.span).trim_matches(['"', '\'']) == "all"
}

fn of_runtime(view: &View<'_>, service: &Service<'_>) -> Option<Finding> {
    let is_unknown = !view.knows_environment(service);
    if is_unknown || matches!(devices(view, service), Some(Devices::Ids(_))) {
        return None;
    }
    let node = service.get(&["runtime"])?;
    let text = "`runtime: nvidia` does not say which GPUs";
    let help = "reserve them under `deploy.resources.reservations.devices`, by `device_ids`";
    Some(node.finding(&RULE.code, text).service(service.name).help(help))
}

/// GPUs as the fixes give them out: to each service its own.
struct Shares<'v, 'm> {
    view: &'v View<'m>,
    taken: HashSet<String>,
    /// Services that ask for some.
    users: usize,
}

impl<'v, 'm> Shares<'v, 'm> {
    fn new(view: &'v View<'m>) -> Self {
        let is_user = |service: &&Service<'_>| !watches(service) && !requests(service).is_empty();
        let users = view.services.iter().filter(is_user).count();
        let requests = view.services.iter().flat_map(Service::gpus);
        let named = requests.filter(|request| matches!(request.count, Count::Ids(_)));
        let taken = named.filter_map(|request| request.ids()).flatten().collect();
        Self { view, taken, users }
    }

    /// Of all GPUs, a service has one where it is not the only one to ask.
    fn ids(&mut self, count: &Count<'_>) -> Option<String> {
        let host = &self.view.settings.host;
        let number = match count {
            Count::Number(number) => *number,
            Count::All if self.users > 1 => 1,
            Count::All if host.stated.gpus => host.gpus,
            _ => return None,
        };
        let ids = free(self.view, usize::try_from(number).ok()?, &self.taken)?;
        self.taken.extend(ids.iter().cloned());
        let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
        Some(format!("[{}]", ids.join(", ")))
    }
}

/// Ids in the place of a number: in the text where it is written as one, and in an override.
fn fix(
    view: &View<'_>,
    service: &Service<'_>,
    request: &GpuRequest<'_>,
    shares: &mut Shares<'_, '_>,
) -> Option<Fix> {
    // Where a variable says how many, it is meant to.
    if request.number.is_some_and(|number| view.editor.at(number.span).contains('$')) {
        return None;
    }
    let ids = shares.ids(&request.count)?;
    let is_reserved = !service.list(&["gpus"]).iter().any(|node| node.span == request.node.span);
    let keys: &[&str] =
        if is_reserved { &["deploy", "resources", "reservations", "devices"] } else { &["gpus"] };
    // Laid over a list, another one would be put behind it.
    let list = format!("[{{driver: nvidia, device_ids: {ids}, capabilities: [gpu]}}]");
    let set = (service.list(keys).len() == 1 && requests(service).len() == 1)
        .then(|| Set::of(service.name, keys, format!("!override {list}")));
    let edit = if is_all(view, request) && request.node.via.is_none() {
        Some(Edit { span: request.node.span, text: list })
    } else {
        edit(view, request, &ids)
    };
    match (edit, set) {
        (Some(edit), set) => {
            let mut paths = vec![format!("services.{}.{}", service.name, keys.join("."))];
            let count = request.node.get("count").map(|node| node.span);
            paths.extend(count.into_iter().flat_map(|span| view.extensions_with(span)));
            Some(Fix::edit(Safety::Unsafe, vec![edit], paths).or_set(set.into_iter().collect()))
        }
        (None, Some(set)) => Some(Fix::set(Safety::Unsafe, vec![set])),
        (None, None) => None,
    }
}

fn edit(view: &View<'_>, request: &GpuRequest<'_>, ids: &str) -> Option<Edit> {
    let entry = request.node.map()?.get("count")?;
    let written = view.editor.at(entry.node.span).trim_matches(['"', '\'']);
    let is_written = match request.count {
        Count::Number(number) => written == number.to_string(),
        _ => written == "all",
    };
    let is_here = entry.node.span.file == entry.key.file && entry.node.span.start > entry.key.start;
    if !is_written || entry.node.via != request.node.via || !is_here {
        return None;
    }
    let span = Span { end: entry.node.span.end, ..entry.key };
    Some(Edit { span, text: format!("device_ids: {ids}") })
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn found(keys: &str) -> Vec<String> {
        of("CV404", &format!("services:\n  a:\n    image: x\n    {keys}\n"))
    }

    #[test]
    fn only_ids_say_which() {
        let reserved = |device: &str| {
            format!("deploy: {{resources: {{reservations: {{devices: [{device}]}}}}}}")
        };
        for (keys, wanted) in [
            ("gpus: all".to_owned(), Some("4:11 warning all GPUs of the host are taken")),
            (
                "gpus: [{count: all}]".to_owned(),
                Some("4:20 warning all GPUs of the host are taken"),
            ),
            (
                "gpus: [{count: 2}]".to_owned(),
                Some("4:20 warning the first 2 GPUs of the host are taken, whoever has them"),
            ),
            (
                reserved("{count: 1, capabilities: [gpu]}"),
                Some("4:59 warning the first GPU of the host is taken, whoever has it"),
            ),
            (
                reserved("{capabilities: [gpu]}"),
                Some("4:51 warning all GPUs of the host are taken, as no number is given"),
            ),
            (reserved("{device_ids: ['0'], capabilities: [gpu]}"), None),
            (reserved("{capabilities: [tpu]}"), None),
            (reserved("{driver: amd, count: 1, capabilities: [gpu]}"), None),
            (
                "devices: ['nvidia.com/gpu=all']".to_owned(),
                Some("4:15 warning all GPUs of the host are taken"),
            ),
            ("devices: ['nvidia.com/gpu=1']".to_owned(), None),
        ] {
            assert_eq!(found(&keys).first().map(String::as_str), wanted, "{keys}");
        }
    }

    #[test]
    fn the_runtime_alone_says_nothing() {
        let wanted = ["4:14 warning `runtime: nvidia` does not say which GPUs"];
        assert_eq!(found("runtime: nvidia"), wanted);
        assert_eq!(found("runtime: nvidia\n    environment: [NVIDIA_VISIBLE_DEVICES=all]"), wanted);
        assert!(
            found("runtime: nvidia\n    environment: ['NVIDIA_VISIBLE_DEVICES=0,1']").is_empty()
        );
        assert!(found("runtime: nvidia\n    gpus: [{device_ids: ['0']}]").is_empty());
        assert!(found("runtime: runc").is_empty());
    }

    #[test]
    fn exporters_see_all() {
        let text = "services: {a: {image: 'nvidia/dcgm-exporter:4', gpus: all}}\n";
        assert!(of("CV404", text).is_empty());
        assert!(found("gpus: [{count: all, capabilities: [gpu, utility]}]").is_empty());
    }

    #[test]
    fn a_number_becomes_ids() {
        for (before, after) in [
            ("gpus: [{count: 2}]", "gpus: [{device_ids: [\"0\", \"1\"]}]"),
            ("gpus:\n      - count: \"1\" # one", "gpus:\n      - device_ids: [\"0\"] # one"),
            ("gpus: [{count: all}]", "gpus: [{device_ids: [\"0\", \"1\", \"2\", \"3\"]}]"),
        ] {
            let text = |keys| format!("services:\n  a:\n    image: x\n    {keys}\n");
            assert_eq!(fixed("CV404", &text(before)), text(after));
        }
    }

    #[test]
    fn a_variable_stays() {
        let text = "services: {a: {image: x, gpus: [{count: '${N:-1}'}]}}\n";
        let judged = crate::compose::rules::testing::judged(text);
        let found = judged.iter().find(|finding| finding.code.id == "CV404").unwrap();
        assert_eq!(found.fix, None);
    }

    #[test]
    fn each_service_gets_gpus_of_its_own() {
        let text = "services:\n  a: {image: a, gpus: [{count: 2}]}\n  b: {image: b, gpus: [{count: all}]}\n  c: {image: c, gpus: [{device_ids: ['2']}]}\n";
        assert_eq!(
            fixed("CV404", text),
            text.replace("count: 2", "device_ids: [\"0\", \"1\"]")
                .replace("count: all", "device_ids: [\"3\"]")
        );
        // Laid over `all`, a list would be put behind it.
        let text = "services: {a: {image: a, gpus: all}}\n";
        let list =
            "[{driver: nvidia, device_ids: [\"0\", \"1\", \"2\", \"3\"], capabilities: [gpu]}]";
        assert_eq!(fixed("CV404", text), text.replace("all", list));
        let found = judged(text);
        let fix = found.iter().find(|found| found.code.id == "CV404").unwrap().fix.clone().unwrap();
        assert_eq!(
            fix.sets[0].value,
            "!override [{driver: nvidia, device_ids: [\"0\", \"1\", \"2\", \"3\"], capabilities: [gpu]}]"
        );
    }

    #[test]
    fn one_anchor_is_mended_once_for_all() {
        let text = "x-gpu: &gpu\n  gpus:\n    - count: 1\nservices:\n  a: {image: a, <<: *gpu}\n  b: {image: b, <<: *gpu}\n";
        assert_eq!(fixed("CV404", text), text.replace("count: 1", "device_ids: [\"0\"]"));
    }
}
