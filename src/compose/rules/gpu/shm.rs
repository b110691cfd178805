//! CV407.

use super::service::computes;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::{Node, Value};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Given, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV407",
        name: "gpu-shm",
        severity: Severity::Warning,
        about: "a service with GPUs has the default 64 MiB of shared memory",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
Docker gives `/dev/shm` 64 MiB. Workers of PyTorch's DataLoader hand batches over through it, NCCL uses it between the
GPUs of a host, and so does vLLM between its processes. When it is full, they stop with *bus error* or *unable to open
shared memory object*, often hours after the start.

Looked at are services that reserve GPUs of NVIDIA or have `runtime: nvidia`; exporters that only watch them are not.
`shm_size` sets the size (0 is the default again), `ipc: host` takes the host's, and a mount at `/dev/shm` is another
way. What is written there counts as memory of the container: a `shm_size` as large as the memory limit is an error,
as the container is killed before it is full.

A server with one process and one GPU may do with less. It does no harm to give more: what is not used takes nothing.

The fix sets 1 GiB, which is what Hugging Face says for Text Generation Inference, or half of a smaller memory limit.",
    bad: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    mem_limit: 32g
    gpus:
      - device_ids: [\"0\"]
",
    good: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    mem_limit: 32g
    shm_size: 1g
    gpus:
      - device_ids: [\"0\"]
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.services.iter().filter(|service| computes(service)) {
        match (size(service), service.memory_limit()) {
            (Some(size), Some(limit)) if size.value >= limit.value => {
                findings.add(beyond(service, size.node, limit));
            }
            (None, limit) if !has_other(service) => findings.add(missing(service, limit)),
            _ => {}
        }
    }
}

fn beyond(service: &Service<'_>, node: &Node, limit: Given<'_, u64>) -> Finding {
    let finding = node.finding(&RULE.code, "`shm_size` is as large as the memory limit, or larger");
    finding
        .severity(Severity::Error)
        .service(service.name)
        .note(limit.node.span, "the limit is set here")
        .help("leave memory for the program itself: what is in `/dev/shm` counts")
}

fn missing(service: &Service<'_>, limit: Option<Given<'_, u64>>) -> Finding {
    let text = format!("`{}` has GPUs and 64 MiB of shared memory, the default", service.name);
    let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
    let mebibytes = limit.map_or(1024, |limit| (limit.value >> 21).min(1024));
    if mebibytes <= 64 {
        return finding.help("set `shm_size`, or `ipc: host`");
    }
    let size = if mebibytes == 1024 { "1g".to_owned() } else { format!("{mebibytes}m") };
    let help = format!("set `shm_size: {size}`, or `ipc: host`");
    // 0 is there already, and no key can be put beside it.
    let set = Set::of(service.name, &["shm_size"], size);
    finding.help(help).fix(Some(Fix::set(Safety::Unsafe, vec![set])))
}

/// `shm_size`, where it is more than nothing.
fn size<'m>(service: &Service<'m>) -> Option<Given<'m, u64>> {
    let node = service.get(&["shm_size"])?;
    match node.value {
        Value::Int(bytes) if bytes > 0 => Some(Given { value: u64::try_from(bytes).ok()?, node }),
        _ => None,
    }
}

/// Whether its shared memory is another's, or a mount.
fn has_other(service: &Service<'_>) -> bool {
    let ipc = service.text(&["ipc"]).unwrap_or_default();
    let is_anothers = ipc == "host" || ipc.starts_with("service:") || ipc.starts_with("container:");
    is_anothers
        || service.mounts().iter().any(|mount| mount.target.trim_end_matches('/') == "/dev/shm")
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn found(keys: &str) -> Vec<String> {
        of("CV407", &format!("services:\n  a:\n    image: x\n    {keys}\n"))
    }

    const MISSING: &str = "2:3 warning `a` has GPUs and 64 MiB of shared memory, the default";

    #[test]
    fn shared_memory_is_asked_for_in_some_way() {
        for keys in [
            "gpus: all",
            "runtime: nvidia",
            "gpus: all\n    shm_size: 0",
            "gpus: all\n    ipc: shareable",
        ] {
            assert_eq!(found(keys), [MISSING], "{keys}");
        }
        for keys in [
            "command: a",
            "gpus: all\n    shm_size: 1g",
            "gpus: all\n    shm_size: 1",
            "gpus: all\n    ipc: host",
            "gpus: all\n    ipc: container:b",
            "gpus: all\n    tmpfs: /dev/shm:size=1g",
            "gpus: all\n    volumes: ['/dev/shm:/dev/shm']",
            "gpus: [{count: all, capabilities: [utility]}]",
        ] {
            assert!(found(keys).is_empty(), "{keys}");
        }
        assert_eq!(found("gpus: all\n    build: {context: ., shm_size: 1g}"), [MISSING]);
    }

    #[test]
    fn it_leaves_room_below_the_limit() {
        for limit in
            ["mem_limit: 2g", "deploy: {resources: {limits: {memory: 2g}}}", "mem_limit: 1"]
        {
            assert_eq!(
                found(&format!("gpus: all\n    shm_size: 2g\n    {limit}")),
                ["5:15 error `shm_size` is as large as the memory limit, or larger"],
                "{limit}"
            );
        }
        assert!(found("gpus: all\n    shm_size: 1g\n    mem_limit: 2g").is_empty());
        assert!(found("shm_size: 2g\n    mem_limit: 1g").is_empty());
    }

    #[test]
    fn the_fix_stays_below_the_limit() {
        let text = |keys: &str| format!("services:\n  a:\n    image: x\n    gpus: all\n{keys}");
        assert_eq!(fixed("CV407", &text("")), text("    shm_size: 1g\n"));
        let limit = "    mem_limit: 512m\n";
        assert_eq!(fixed("CV407", &text(limit)), text(&format!("{limit}    shm_size: 256m\n")));
    }
}
