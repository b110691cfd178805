//! CV403.

use super::service::requests;
use super::visible::named;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Count, GpuRequest, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV403",
        name: "gpu-beyond-host",
        severity: Severity::Error,
        about: "a service reserves GPUs that the host does not have",
    },
    sets: EVERY,
    fix: None,
    why: "\
The container of a service that reserves GPU 4 of a host with four, which are 0 to 3, does not start: *unknown
device*. Compose does not look at the host, so that this shows only when the stack is brought up there.

The host is what `--host-gpus` says, or `host-gpus` under `[compose]` in `ut.toml`. Without either, it is the machine
that `ut` runs on: nobody knows whether the stack is meant for it, and what is found is a note, and nothing at all if
this machine has no GPU. Looked at are indices and numbers. Of UUIDs nothing is known.",
    bad: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    gpus:
      - device_ids: [\"0\", \"100\"]
",
    good: "\
services:
  trainer:
    image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
    gpus:
      - device_ids: [\"0\", \"1\"]
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let host = &view.settings.host;
    if !host.stated.gpus && host.gpus == 0 {
        return;
    }
    for service in &view.services {
        for request in requests(service) {
            let Some(what) = beyond(&request, host.gpus) else { continue };
            let has = match host.gpus {
                0 => "the host has none".to_owned(),
                1 => "the host has only GPU 0".to_owned(),
                gpus => format!("the host has {gpus}, from 0 to {}", gpus - 1),
            };
            let node = request.number.unwrap_or(request.node);
            let finding = node.finding(&RULE.code, format!("{what} reserved, and {has}"));
            findings.add(told(finding, host.stated.gpus).service(service.name));
        }
    }
}

fn told(finding: Finding, is_stated: bool) -> Finding {
    if is_stated {
        return finding;
    }
    let help = "this machine is taken for the host: `--host-gpus` says what it has, or `host-gpus` under \
                `[compose]` in ut.toml";
    finding.severity(Severity::Note).help(help)
}

/// What it asks for that is not there, with the verb that follows.
fn beyond(request: &GpuRequest<'_>, gpus: u64) -> Option<String> {
    match &request.count {
        Count::All => (gpus == 0).then(|| "all GPUs are".to_owned()),
        Count::Number(number) if *number > gpus => {
            Some(if *number == 1 { "1 GPU is".to_owned() } else { format!("{number} GPUs are") })
        }
        Count::Number(_) => None,
        Count::Ids(ids) => {
            let is_beyond = |id: &&&str| {
                // `0:1` is a part of GPU 0.
                let index = id.split(':').next().unwrap_or_default();
                let is_index = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
                is_index && index.parse::<u64>().map_or(true, |index| index >= gpus)
            };
            let beyond: Vec<&&str> = ids.iter().filter(is_beyond).collect();
            let verb = if beyond.len() == 1 { "is" } else { "are" };
            (!beyond.is_empty()).then(|| format!("{} {verb}", named(&beyond)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{of, of_with, settings};
    use crate::compose::rules::{Host, Stated};

    fn text(device: &str) -> String {
        format!("services:\n  a:\n    image: a\n    gpus: [{device}]\n")
    }

    #[test]
    fn indices_and_numbers_are_held_against_the_host() {
        for (device, wanted) in [
            ("{device_ids: ['3']}", None),
            (
                "{device_ids: ['4']}",
                Some("4:25 error GPU `4` is reserved, and the host has 4, from 0 to 3"),
            ),
            (
                "{device_ids: ['0,5', '7']}",
                Some("4:25 error GPUs `5`, `7` are reserved, and the host has 4, from 0 to 3"),
            ),
            (
                "{device_ids: ['99999999999999999999']}",
                Some(
                    "4:25 error GPU `99999999999999999999` is reserved, and the host has 4, from 0 to 3",
                ),
            ),
            ("{device_ids: [GPU-8932f937, '0:3', '']}", None),
            (
                "{device_ids: ['5:0']}",
                Some("4:25 error GPU `5:0` is reserved, and the host has 4, from 0 to 3"),
            ),
            ("{count: 4}", None),
            ("{count: 5}", Some("4:20 error 5 GPUs are reserved, and the host has 4, from 0 to 3")),
            ("{count: all}", None),
        ] {
            let found = of("CV403", &text(device));
            assert_eq!(found.first().map(String::as_str), wanted, "{device}");
        }
    }

    #[test]
    fn a_host_that_nobody_stated_is_only_a_guess() {
        let mut settings = settings();
        let mut with = |gpus, is_stated, device: &str| {
            let stated = Stated { gpus: is_stated, ..Stated::ALL };
            settings.host = Host { gpus, stated, ..settings.host };
            of_with("CV403", &text(device), &settings)
        };
        assert!(with(0, false, "{count: 9}").is_empty());
        assert_eq!(
            with(1, false, "{count: 2}"),
            ["4:20 note 2 GPUs are reserved, and the host has only GPU 0"]
        );
        assert_eq!(
            with(0, true, "{count: 1}"),
            ["4:20 error 1 GPU is reserved, and the host has none"]
        );
        assert_eq!(
            with(0, true, "{count: all}"),
            ["4:20 error all GPUs are reserved, and the host has none"]
        );
    }
}
