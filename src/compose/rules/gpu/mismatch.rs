//! CV406.

use std::collections::BTreeSet;

use super::service::{count, requests};
use super::visible::{first, parts, set};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Count, GpuRequest, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV406",
        name: "cuda-visible-devices-mismatch",
        severity: Severity::Error,
        about: "the variables of a service name GPUs that it does not have",
    },
    sets: EVERY,
    fix: None,
    why: "\
Inside a container GPUs count from 0: one that was handed GPU 2 of the host knows it as 0. `device_ids: [\"2\"]` with
`CUDA_VISIBLE_DEVICES=2` therefore means a third GPU that is not there, and CUDA sees **none**: it stops reading at
the first index that is not valid, and all that come after are hidden (*CUDA Environment Variables* in NVIDIA's CUDA
Programming Guide). PyTorch then says *No CUDA GPUs are available*. With n GPUs every index must be below n. `all` is
no value that CUDA knows; an empty value and `-1` hide every GPU, which may be meant.

`NVIDIA_VISIBLE_DEVICES` is another matter: it names GPUs of the host, for the container runtime. Beside a reservation
it has no say, as the engine sets it itself from `device_ids` or `count` (`daemon/nvidia_linux.go` in moby). One that
names others than the reservation misleads.

Nothing is said where the number of GPUs is for the host to tell, and of UUIDs that cannot be compared.",
    bad: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    environment:
      CUDA_VISIBLE_DEVICES: \"2\"
    gpus:
      - device_ids: [\"2\"]
",
    good: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    environment:
      CUDA_VISIBLE_DEVICES: \"0\"
    gpus:
      - device_ids: [\"2\"]
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        findings.extend(cuda(view, service));
        findings.extend(nvidia(view, service));
    }
}

/// `CUDA_VISIBLE_DEVICES`, against what the container has.
fn cuda(view: &View<'_>, service: &Service<'_>) -> Option<Finding> {
    let (variable, value) = set(view, service, "CUDA_VISIBLE_DEVICES")?;
    let requests = requests(service);
    if value == "all" && !requests.is_empty() {
        let text = "`CUDA_VISIBLE_DEVICES` does not know `all`: CUDA sees no GPU";
        let help = "leave it out, or list indices from 0 on";
        return Some(variable.node.finding(&RULE.code, text).service(service.name).help(help));
    }
    let has = count(view, service)?;
    let parts = parts(value);
    let wrong = parts.iter().find_map(|part| match part.parse::<u64>() {
        Ok(index) => (index >= has).then_some(Some(*part)),
        // What follows something that is no index is hidden, or a UUID that nobody can check here.
        Err(_) => Some(None),
    })??;
    let there = match has {
        0 => "the container has none".to_owned(),
        1 => "the container has only GPU 0".to_owned(),
        has => format!("the container has GPUs 0 to {}", has - 1),
    };
    let text = format!("`CUDA_VISIBLE_DEVICES` names GPU {wrong}, and {there}");
    let mut finding = variable.node.finding(&RULE.code, text).service(service.name);
    if let Some(node) = requests.iter().find_map(|request| request.number) {
        finding = finding.note(node.span, "as many are reserved here");
    }
    let value = first(has.min(parts.len() as u64));
    Some(if value.is_empty() {
        finding
    } else {
        finding
            .help(format!("write `CUDA_VISIBLE_DEVICES={value}`: in a container GPUs count from 0"))
    })
}

/// `NVIDIA_VISIBLE_DEVICES`, against what is reserved.
fn nvidia(view: &View<'_>, service: &Service<'_>) -> Option<Finding> {
    let (variable, value) = set(view, service, "NVIDIA_VISIBLE_DEVICES")?;
    let requests = requests(service);
    // A number so large is not compared id by id.
    let is_large = |request: &GpuRequest<'_>| matches!(request.count, Count::Number(65..));
    if requests.is_empty() || requests.iter().any(is_large) {
        return None;
    }
    let ids: Option<Vec<Vec<String>>> = requests.iter().map(GpuRequest::ids).collect();
    let reserved = indices(ids?.iter().flatten().map(String::as_str))?;
    let told = indices(parts(value).into_iter())?;
    if told == reserved || told.is_empty() || reserved.is_empty() {
        return None;
    }
    let list = |ids: &BTreeSet<u64>| {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        ids.join(",")
    };
    let (told, reserved) = (list(&told), list(&reserved));
    let text = format!("`NVIDIA_VISIBLE_DEVICES` names GPU {told}, and {reserved} is reserved");
    let finding = variable.node.finding(&RULE.code, text).service(service.name);
    let finding = finding.help("leave it out: the engine sets it to what is reserved");
    Some(match requests.iter().find_map(|request| request.number) {
        Some(node) => finding.note(node.span, "reserved here"),
        None => finding,
    })
}

/// `None` where one is no index.
fn indices<'t>(ids: impl Iterator<Item = &'t str>) -> Option<BTreeSet<u64>> {
    ids.map(|id| id.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn found(device: &str, variable: &str, value: &str) -> Vec<String> {
        let text = format!(
            "services:\n  a:\n    image: x\n    gpus: {device}\n    environment: {{{variable}: '{value}'}}\n"
        );
        of("CV406", &text)
    }

    #[test]
    fn indices_count_from_zero() {
        let cuda = |device, value| found(device, "CUDA_VISIBLE_DEVICES", value);
        for (device, value, wanted) in [
            ("[{device_ids: ['2']}]", "2", "names GPU 2, and the container has only GPU 0"),
            ("[{device_ids: ['2,3']}]", "2,3", "names GPU 2, and the container has GPUs 0 to 1"),
            (
                "[{device_ids: ['2', '3']}]",
                "0, 3",
                "names GPU 3, and the container has GPUs 0 to 1",
            ),
            ("[{count: 1}]", "1", "names GPU 1, and the container has only GPU 0"),
            ("[{count: 0}]", "0", "names GPU 0, and the container has none"),
            (
                "[{count: 1}, {device_ids: ['3']}]",
                "2",
                "names GPU 2, and the container has GPUs 0 to 1",
            ),
        ] {
            let wanted = format!("5:41 error `CUDA_VISIBLE_DEVICES` {wanted}");
            assert_eq!(cuda(device, value), [wanted], "{device} {value}");
        }
        for (device, value) in [
            ("[{device_ids: ['2']}]", "0"),
            ("[{device_ids: ['2', '3']}]", "1,0"),
            ("[{count: 2}]", "0, 1"),
            ("[{count: 1}]", ""),
            ("[{count: 1}]", "-1"),
            ("[{count: 1}]", "0,-1,7"),
            ("[{count: 1}]", "GPU-8932f937"),
            ("[{count: 1}]", "{{gpu}}"),
            ("all", "7"),
            ("[{driver: amd, device_ids: ['2']}]", "2"),
        ] {
            assert!(cuda(device, value).is_empty(), "{device} {value}");
        }
        assert_eq!(
            cuda("all", "all"),
            ["5:41 error `CUDA_VISIBLE_DEVICES` does not know `all`: CUDA sees no GPU"]
        );
    }

    #[test]
    fn the_variable_of_the_runtime_reserves_too() {
        let text = "services:\n  a:\n    image: x\n    runtime: nvidia\n    environment:\n      - NVIDIA_VISIBLE_DEVICES=3\n      - CUDA_VISIBLE_DEVICES=3\n";
        assert_eq!(
            of("CV406", text),
            ["7:9 error `CUDA_VISIBLE_DEVICES` names GPU 3, and the container has only GPU 0"]
        );
        assert!(of("CV406", &text.replace("S=3\n      - C", "S=all\n      - C")).is_empty());
        assert!(
            of("CV406", &text.replace("CUDA_VISIBLE_DEVICES=3", "CUDA_VISIBLE_DEVICES=0"))
                .is_empty()
        );
    }

    #[test]
    fn the_runtimes_variable_agrees_with_the_reservation() {
        let nvidia = |device, value| found(device, "NVIDIA_VISIBLE_DEVICES", value);
        assert_eq!(
            nvidia("[{device_ids: ['0']}]", "1"),
            ["5:43 error `NVIDIA_VISIBLE_DEVICES` names GPU 1, and 0 is reserved"]
        );
        assert_eq!(
            nvidia("[{count: 2}]", "2,3"),
            ["5:43 error `NVIDIA_VISIBLE_DEVICES` names GPU 2,3, and 0,1 is reserved"]
        );
        for (device, value) in [
            ("[{device_ids: ['1', '0']}]", "0,1"),
            ("[{device_ids: ['0']}]", "all"),
            ("[{device_ids: ['0']}]", "void"),
            ("[{device_ids: ['0']}]", ""),
            ("[{device_ids: ['0']}]", "GPU-8932f937"),
            ("[{device_ids: [GPU-8932f937]}]", "0"),
            ("[{count: 4000000000}]", "0"),
            ("all", "1"),
        ] {
            assert!(nvidia(device, value).is_empty(), "{device} {value}");
        }
    }

    #[test]
    fn an_anchor_of_two_services_is_found_once() {
        let text = "x-env: &env {CUDA_VISIBLE_DEVICES: '1'}\nservices:\n  a: {image: a, environment: *env, gpus: [{count: 1}]}\n  b: {image: b, environment: *env, gpus: [{device_ids: ['3']}]}\n  c: {image: b, environment: *env}\n";
        assert_eq!(
            of("CV406", text),
            ["1:36 error `CUDA_VISIBLE_DEVICES` names GPU 1, and the container has only GPU 0"]
        );
    }
}
