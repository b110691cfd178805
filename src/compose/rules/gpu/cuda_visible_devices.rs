//! CV405.

use super::service::{computes, count};
use super::visible::{first, fix};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV405",
        name: "cuda-visible-devices",
        severity: Severity::Warning,
        about: "a service with GPUs does not tell CUDA which to use",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
`CUDA_VISIBLE_DEVICES` is what programs on CUDA go by, and the only place where the stack says how many GPUs a program
may use, in which order. It also holds where the reservation is lost: on a host whose default runtime is NVIDIA's, in
a derived stack, or where somebody starts the image by hand.

Inside a container GPUs count from 0, whatever they are called on the host. With `device_ids: [\"2\", \"3\"]` it is
`CUDA_VISIBLE_DEVICES=0,1`: see CV406. A program that is to use every GPU it was handed runs without the variable too.

Looked at are services that reserve GPUs of NVIDIA or have `runtime: nvidia`; exporters that only watch them are not.",
    bad: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    gpus:
      - device_ids: [\"2\", \"3\"]
",
    good: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    environment:
      CUDA_VISIBLE_DEVICES: \"0,1\"
    gpus:
      - device_ids: [\"2\", \"3\"]
",
    check,
};

const NAME: &str = "CUDA_VISIBLE_DEVICES";

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = view.services.iter().filter(|service| computes(service));
    let services = services.filter(|service| view.knows_environment(service));
    for service in services.filter(|service| service.variable(NAME).is_none()) {
        let text = format!("`{}` has GPUs and does not set `{NAME}`", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let number = count(view, service).filter(|number| (1..=64).contains(number));
        findings.add(match number {
            Some(number) => {
                let value = first(number);
                let help = format!("set `{NAME}={value}`: in a container GPUs count from 0");
                finding.help(help).fix(Some(fix(view, service, NAME, &value)))
            }
            None => finding.help("list those that it may use: in a container GPUs count from 0"),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn text(keys: &str) -> String {
        format!("services:\n  a:\n    image: x\n    {keys}\n")
    }

    #[test]
    fn who_has_gpus_says_which_to_use() {
        for keys in [
            "gpus: all",
            "runtime: nvidia",
            "devices: ['nvidia.com/gpu=0']",
            "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
        ] {
            let found = of("CV405", &text(keys));
            assert_eq!(found, ["2:3 warning `a` has GPUs and does not set `CUDA_VISIBLE_DEVICES`"]);
            for variable in ["{CUDA_VISIBLE_DEVICES: 0}", "[CUDA_VISIBLE_DEVICES]"] {
                let keys = format!("{keys}\n    environment: {variable}");
                assert!(of("CV405", &text(&keys)).is_empty(), "{keys}");
            }
        }
        for keys in [
            "command: a",
            "gpus: [{count: all, driver: amd}]",
            "gpus: [{count: all, capabilities: [utility]}]",
        ] {
            assert!(of("CV405", &text(keys)).is_empty(), "{keys}");
        }
    }

    #[test]
    fn files_of_variables_of_disabled_services_are_unknown() {
        let keys =
            "gpus: all\n    profiles: [x]\n    env_file: [{path: none.env, required: false}]";
        assert!(of("CV405", &text(keys)).is_empty());
    }

    #[test]
    fn the_variable_is_put_with_the_others() {
        let gpus = "gpus: [{device_ids: ['2', '3']}]";
        for (before, after) in [
            ("", "\n    environment:\n      CUDA_VISIBLE_DEVICES: \"0,1\""),
            (
                "\n    environment:\n      A: b",
                "\n    environment:\n      A: b\n      CUDA_VISIBLE_DEVICES: \"0,1\"",
            ),
            (
                "\n    environment: {A: b}",
                "\n    environment: {A: b, CUDA_VISIBLE_DEVICES: \"0,1\"}",
            ),
            (
                "\n    environment:\n      - A=b",
                "\n    environment:\n      - A=b\n      - CUDA_VISIBLE_DEVICES=0,1",
            ),
            (
                "\n    environment:\n    - A=b",
                "\n    environment:\n    - A=b\n    - CUDA_VISIBLE_DEVICES=0,1",
            ),
            ("\n    environment: [A=b]", "\n    environment: [A=b, \"CUDA_VISIBLE_DEVICES=0,1\"]"),
            ("\n    environment: []", "\n    environment: [\"CUDA_VISIBLE_DEVICES=0,1\"]"),
        ] {
            assert_eq!(
                fixed("CV405", &text(&format!("{gpus}{before}"))),
                text(&format!("{gpus}{after}"))
            );
        }
    }
}
