//! CV401.

use std::collections::HashSet;

use super::need;
use super::service::has_runtime;
use super::visible::{parts, set};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{GpuRequest, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV401",
        name: "gpu-not-reserved",
        severity: Severity::Error,
        about: "a service computes on GPUs and reserves none",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
A container sees a GPU only if it was handed one. Without a reservation, a program for GPUs stops at its start or,
worse, goes on with the processor, many times slower. On hosts where NVIDIA's runtime is the default it may see all
GPUs instead, those of other services too, and nobody can tell from the stack who has which.

That a service means to use GPUs is seen from its image (one that is known to, or that has `cuda` or `gpu` in its name
or tag), from options such as `--gpus` or `--device cuda`, and from `CUDA_VISIBLE_DEVICES` and
`NVIDIA_VISIBLE_DEVICES`. Of a service that is built here, the image says nothing.

It has GPUs with an item of `deploy.resources.reservations.devices`, with `gpus`, or with a CDI device
(`nvidia.com/gpu=0`). `runtime: nvidia` hands them over too: see CV404. Names with `cpu`, `rocm`, `gaudi`, `openvino`
and the like are for other processors, and so is `--device cpu`; an empty `CUDA_VISIBLE_DEVICES` or `-1` means no GPU.
Variables that tune the processor (`KMP_…`, `VLLM_CPU_…`) say the same. A `CUDA_VISIBLE_DEVICES` may also be left over
from a time when the service had a GPU: then take it out.

The fix takes the first GPU that no other service of the stack reserves.",
    bad: "\
services:
  llm:
    image: vllm/vllm-openai:v0.11.0
    command: [--model, Qwen/Qwen3-8B]
",
    good: "\
services:
  llm:
    image: vllm/vllm-openai:v0.11.0
    command: [--model, Qwen/Qwen3-8B]
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
    let mut taken = None;
    for service in view.services.iter().filter(|service| !has_device(service)) {
        let Some((span, reason)) = need::of(view, service) else { continue };
        let taken = taken.get_or_insert_with(|| taken_ids(view));
        let text = format!("`{}` computes on GPUs, and reserves none", service.name);
        let help = "reserve them under `deploy.resources.reservations.devices`, by `device_ids`";
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let fix = fix(view, service, taken);
        findings.add(finding.note(span, reason).help(help).fix(fix));
    }
}

/// Whether it is handed a device that computes, in whatever way.
fn has_device(service: &Service<'_>) -> bool {
    const DEVICES: &[&str] =
        &["/dev/nvidia", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/accel", "/dev/davinci"];
    let source = |device: &Node| device.get("source").and_then(Node::text).map(str::to_owned);
    let is_device = |source: String| {
        let is_cdi = !source.starts_with('/') && source.contains('=');
        is_cdi || DEVICES.iter().any(|known| source.starts_with(known))
    };
    let reservations =
        |key: &str| !service.list(&["deploy", "resources", "reservations", key]).is_empty();
    let runtime = service.text(&["runtime"]).is_some_and(|runtime| runtime != "runc");
    has_runtime(service)
        || runtime
        || !service.gpus().is_empty()
        || reservations("devices")
        || reservations("generic_resources")
        || service.list(&["devices"]).iter().filter_map(source).any(is_device)
}

/// The ids that services of the stack reserve.
fn taken_ids(view: &View<'_>) -> HashSet<String> {
    let requests = view.services.iter().flat_map(Service::gpus);
    requests.filter_map(|request: GpuRequest<'_>| request.ids()).flatten().collect()
}

/// `None` where the variables of the service name GPUs of the host: it would have to be told others.
fn fix(view: &View<'_>, service: &Service<'_>, taken: &mut HashSet<String>) -> Option<Fix> {
    let named = set(view, service, "NVIDIA_VISIBLE_DEVICES").map(|(_, value)| value);
    let named = named.filter(|value| *value != "all").map(parts);
    let seen = set(view, service, "CUDA_VISIBLE_DEVICES").map(|(_, value)| parts(value).len());
    let is_in_order = set(view, service, "CUDA_VISIBLE_DEVICES").is_none_or(|(_, value)| {
        parts(value).iter().enumerate().all(|(at, part)| *part == at.to_string())
    });
    let ids: Vec<String> = match (named, is_in_order) {
        (_, false) => return None,
        (Some(named), true) => named.iter().map(|id| (*id).to_owned()).collect(),
        (None, true) => free(view, seen.unwrap_or(1), taken)?,
    };
    if ids.len() < seen.unwrap_or(1) {
        return None;
    }
    taken.extend(ids.iter().cloned());
    let ids: Vec<String> =
        ids.iter().map(|id| serde_json::Value::from(id.as_str()).to_string()).collect();
    let ids = ids.join(", ");
    // Compose refuses `mem_reservation` beside reservations that say nothing of memory.
    Some(Fix::set(
        Safety::Unsafe,
        vec![if service.get(&["mem_reservation"]).is_some() {
            Set::of(service.name, &["gpus"], format!("[{{driver: nvidia, device_ids: [{ids}]}}]"))
        } else {
            let value = format!("[{{driver: nvidia, device_ids: [{ids}], capabilities: [gpu]}}]");
            let keys = ["deploy", "resources", "reservations", "devices"];
            Set::of(service.name, &keys, value)
        }],
    ))
}

/// The first ids that nobody has, if the host has as many.
pub(super) fn free(view: &View<'_>, count: usize, taken: &HashSet<String>) -> Option<Vec<String>> {
    let host = &view.settings.host;
    let most = if host.gpus == 0 { 64 } else { host.gpus.min(64) };
    let ids = (0..most).map(|id| id.to_string());
    let ids: Vec<String> = if view.settings.shares_gpus {
        ids.take(count).collect()
    } else {
        ids.filter(|id| !taken.contains(id)).take(count).collect()
    };
    (ids.len() == count && count > 0).then_some(ids)
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn found(keys: &str) -> bool {
        let found = of("CV401", &format!("services: {{a: {{{keys}}}}}\n"));
        assert!(found.len() < 2, "{found:?}");
        if let Some(found) = found.first() {
            assert_eq!(found, "1:12 error `a` computes on GPUs, and reserves none", "{keys}");
        }
        !found.is_empty()
    }

    #[test]
    fn the_image_may_show_it() {
        for image in [
            "vllm/vllm-openai:v0.11.0",
            "nvidia/cuda:12.4.1-base-ubuntu22.04",
            "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime",
            "me/app:1-cu124",
            "tensorflow/tensorflow:2.18.0-gpu",
            "milvusdb/milvus:v2.4-gpu",
        ] {
            assert!(found(&format!("image: '{image}'")), "{image}");
            assert!(!found(&format!("image: '{image}', build: .")), "{image} is built here");
        }
        for image in [
            "postgres:17",
            "vllm/vllm-openai-rocm:v0.11.0",
            "me/tgi-gaudi:1-gpu",
            "openvino/model_server:latest-gpu",
            "me/llama:server-vulkan-gpu",
            "pytorch/pytorch:2.5.1-cpu-gpu",
            "me/barracuda:1",
            "me/cu12:1",
        ] {
            assert!(!found(&format!("image: '{image}'")), "{image}");
        }
        assert!(of("CV401", "services: {vllm-cpu: {image: vllm/vllm-openai}}\n").is_empty());
    }

    #[test]
    fn options_and_variables_may_show_it() {
        for keys in [
            "image: a, command: serve --gpus all",
            "image: a, command: [serve, --device, 'cuda:0']",
            "image: a, command: [sh, -c, 'exec serve --device=cuda --x']",
            "build: ., command: [--n-gpu-layers, '33']",
            "image: a, entrypoint: [run, --use-gpu]",
            "image: a, environment: {CUDA_VISIBLE_DEVICES: 0}",
            "image: a, environment: [NVIDIA_VISIBLE_DEVICES=all]",
        ] {
            assert!(found(keys), "{keys}");
        }
        for keys in [
            "image: a, command: serve --gpus 0",
            "image: a, command: [chrome, --disable-gpu]",
            "image: a, command: [serve, --device, cpu, --gpus, all]",
            "image: vllm/vllm-openai, command: [--device, cpu]",
            "image: vllm/vllm-openai, environment: {VLLM_TARGET_DEVICE: cpu}",
            "image: vllm/vllm-openai, environment: {KMP_BLOCKTIME: 1}",
            "image: vllm/vllm-openai, environment: [VLLM_CPU_KVCACHE_SPACE=8]",
            "image: vllm/vllm-openai, environment: {CUDA_VISIBLE_DEVICES: ''}",
            "image: vllm/vllm-openai, environment: {CUDA_VISIBLE_DEVICES: '-1'}",
            "image: a, environment: {NVIDIA_VISIBLE_DEVICES: void}",
            "image: a, environment: {NVIDIA_VISIBLE_DEVICES: }",
            "image: a, environment: {NVIDIA_DRIVER_CAPABILITIES: all}",
        ] {
            assert!(!found(keys), "{keys}");
        }
    }

    #[test]
    fn every_way_to_have_a_device_counts() {
        for has in [
            "gpus: all",
            "gpus: [{device_ids: ['0']}]",
            "runtime: nvidia",
            "devices: ['nvidia.com/gpu=all']",
            "devices: ['/dev/nvidia0:/dev/nvidia0']",
            "devices: ['/dev/kfd:/dev/kfd', '/dev/dri:/dev/dri']",
            "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
            "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [utility]}]}}}",
            "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: NVIDIA-GPU, value: 1}}]}}}",
        ] {
            assert!(!found(&format!("image: vllm/vllm-openai, {has}")), "{has}");
        }
        assert!(found("image: vllm/vllm-openai, devices: ['/dev/fuse:/dev/fuse'], runtime: runc"));
    }

    #[test]
    fn each_service_gets_a_gpu_that_is_free() {
        let text = "services:\n  a: {image: 'a:gpu'}\n  b: {image: b, gpus: [{device_ids: ['0']}]}\n  c: {image: 'c:gpu', mem_reservation: 1g}\n";
        let devices = "deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: [\"1\"], capabilities: [gpu]}]}}}";
        assert_eq!(
            fixed("CV401", text),
            text.replace("'a:gpu'", &format!("'a:gpu', {devices}"))
                .replace("1g", "1g, gpus: [{driver: nvidia, device_ids: [\"2\"]}]")
        );
    }

    #[test]
    fn variables_decide_which_gpus_the_fix_takes() {
        let with = |name: &str, value: &str| {
            format!("services:\n  a: {{image: a, environment: {{{name}: '{value}'}}}}\n")
        };
        assert!(fixed("CV401", &with("NVIDIA_VISIBLE_DEVICES", "2,3")).contains("[\"2\", \"3\"]"));
        assert!(fixed("CV401", &with("CUDA_VISIBLE_DEVICES", "0,1")).contains("[\"0\", \"1\"]"));
        // Which GPU is meant by 2, if the container has one?
        let text = with("CUDA_VISIBLE_DEVICES", "2");
        let found = crate::compose::rules::testing::judged(&text);
        let found = found.iter().find(|finding| finding.code.id == "CV401").unwrap();
        assert_eq!(found.fix, None);
    }
}
