//! CV106.

use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::source::Span;
use crate::compose::totals::{Total, running, sets_of_profiles};
use crate::compose::view::{Service, View};
use crate::core::output::units::bytes;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV106",
        name: "stack-exceeds-host",
        severity: Severity::Error,
        about: "a stack needs more than its host has",
    },
    sets: EVERY,
    fix: None,
    why: "\
Three things are held against the host. One service whose `cpus` are more than its cores: the engine refuses the
container (*range of CPUs is from 0.01 to …, as there are only … CPUs available*, moby, `daemon/daemon_unix.go`). The
sum of all memory reservations: what is promised cannot be kept, and under load the kernel kills. The sum of all
limits, of memory and of CPUs: nothing is wrong as long as not every service takes what it may, hence only a warning.

Each service counts as often as it has replicas. The sums are made for the profiles that were asked for and for each
profile of the stack alone, with the services that have none; profiles that nobody asked for together (one for CPUs,
one for GPUs) are not added up. Services without a limit or reservation add nothing (CV101, CV102, CV103), and a
`cpu_quota` above the cores only counts in the sum: the engine takes it.

The host is what `--host-memory` and `--host-cpus` say, or `host-memory` and `host-cpus` under `[compose]` in
`ut.toml`, else this machine. As nobody knows whether a stack is meant for the machine that checks it, findings are
then only notes. `overcommit` under `[compose]` (1.0) says how many times the host the limits may add up to.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    mem_limit: 48g
    mem_reservation: 40g
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    mem_limit: 48g
    mem_reservation: 32g
",
    good: "\
services:
  registry:
    image: postgres:17.2
    mem_limit: 8g
    mem_reservation: 4g
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    mem_limit: 48g
    mem_reservation: 32g
",
    check,
};

const WHICH_HOST: &str = "say which host is meant: `--host-memory`, `--host-cpus`, or `host-memory` \
    and `host-cpus` under `[compose]` in ut.toml";

fn check(view: &View<'_>, findings: &mut Findings) {
    let mut is_one_too_large = false;
    for service in view.containers() {
        if let Some(finding) = cores_of_one(view, service) {
            findings.add(finding);
            is_one_too_large = true;
        }
    }
    let Some(at) = view.model.get("services").map(|entry| entry.key) else { return };
    let sets = sets_of_profiles(&view.services, view.profiles);
    let totals = sets.into_iter().map(|set| Total::of(&view.services, set));
    let mut found = totals.map(|total| excesses(view, &total));
    let asked = found.next().unwrap_or_default();
    // What is too much with the profiles that were asked for need not be said of each other one.
    let is_said = |excess: &Excess| asked.iter().any(|said| said.sum == excess.sum);
    let others: Vec<Excess> = found.flatten().filter(|excess| !is_said(excess)).collect();
    for excess in asked.into_iter().chain(others) {
        // Where one service alone has too many, their sum is no news.
        if !(is_one_too_large && excess.sum == Sum::Cores) {
            findings.add(excess.finding(view, at));
        }
    }
}

/// The engine counts `cpus`, not `cpu_quota`.
fn cores_of_one(view: &View<'_>, service: &Service<'_>) -> Option<Finding> {
    let cores = view.settings.host.cores;
    let limit = service.cpu_limit().filter(|limit| limit.value > cores)?;
    let is_quota = service.get(&["cpu_quota"]).is_some_and(|node| node.span == limit.node.span);
    if is_quota || service.replicas() == 0 {
        return None;
    }
    let (limits, has) = (plain(limit.value), plain(cores));
    let host = host(view, Sum::Cores);
    let text = format!("{limits} CPUs are more than the {has} of {host}");
    let finding = limit.node.finding(&RULE.code, text).service(service.name);
    let help = "lower it: the engine refuses a container with more CPUs than the host has";
    Some(judged(view, Sum::Cores, finding, help))
}

/// A sum that may be too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sum {
    Reserved,
    Memory,
    Cores,
}

#[derive(Debug)]
struct Excess {
    sum: Sum,
    profiles: Vec<String>,
    text: String,
}

fn excesses(view: &View<'_>, total: &Total) -> Vec<Excess> {
    let (host, overcommit) = (view.settings.host, view.settings.overcommit);
    let times = if (overcommit - 1.0).abs() < 1e-9 {
        String::new()
    } else {
        format!(" × {}", plain(overcommit))
    };
    let with = match &total.profiles[..] {
        [] => String::new(),
        [all] if all == "*" => "with all profiles, ".to_owned(),
        some => format!("with `{}`, ", some.join("`, `")),
    };
    let excess = |sum, text: String| Excess {
        sum,
        profiles: total.profiles.clone(),
        text: format!("{with}{text}"),
    };
    let mut all = Vec::new();
    let (limit, reserved) = (total.memory_limit_bytes, total.memory_reserved_bytes);
    let name = self::host(view, Sum::Memory);
    match host.memory_bytes {
        Some(memory) if reserved > memory => {
            let (reserved, memory) = (bytes(reserved), bytes(memory));
            let text = format!("{reserved} of memory are reserved, and {name} has {memory}");
            all.push(excess(Sum::Reserved, text));
        }
        Some(memory) if limit as f64 > memory as f64 * overcommit => {
            let (limit, memory) = (bytes(limit), bytes(memory));
            let text =
                format!("the memory limits add up to {limit}, and {name} has {memory}{times}");
            all.push(excess(Sum::Memory, text));
        }
        _ => {}
    }
    // Sums of tenths are not exact.
    if total.cores > host.cores * overcommit + 1e-6 {
        let (limit, cores) = (plain(total.cores), plain(host.cores));
        let name = self::host(view, Sum::Cores);
        let text = format!("the CPU limits add up to {limit}, and {name} has {cores}{times}");
        all.push(excess(Sum::Cores, text));
    }
    all
}

impl Excess {
    fn finding(self, view: &View<'_>, at: Span) -> Finding {
        let finding = Finding::new(&RULE.code, at, self.text);
        let (finding, help) = match self.sum {
            Sum::Reserved => (finding, "reserve less, run less at once, or take a larger host"),
            _ => (
                finding.severity(Severity::Warning),
                "lower the limits, or allow more with `overcommit` under `[compose]` in ut.toml",
            ),
        };
        let finding = judged(view, self.sum, finding, help);
        let largest = largest(view, self.sum, &self.profiles).into_iter();
        largest.fold(finding, |finding, (span, text)| finding.note(span, text))
    }
}

/// The three services that take most of it.
fn largest(view: &View<'_>, sum: Sum, profiles: &[String]) -> Vec<(Span, String)> {
    let part = |service: &Service<'_>| match sum {
        Sum::Reserved => service.memory_reservation().map(|given| given.value as f64),
        Sum::Memory => service.memory_limit().map(|given| given.value as f64),
        Sum::Cores => service.cpu_limit().map(|given| given.value),
    };
    let parts = running(&view.services, profiles).filter_map(|service| {
        let all = part(service)? * service.replicas() as f64;
        (all > 0.0).then_some((service, all))
    });
    let mut parts: Vec<(&Service<'_>, f64)> = parts.collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let told = parts.into_iter().take(3).map(|(service, all)| {
        let amount = match sum {
            Sum::Cores => plain(all),
            _ => bytes(all as u64),
        };
        let times = match service.replicas() {
            1 => String::new(),
            replicas => format!(", for {replicas} replicas"),
        };
        (service.key, format!("{amount} of it{times}"))
    });
    told.collect()
}

fn judged(view: &View<'_>, sum: Sum, finding: Finding, help: &str) -> Finding {
    if is_stated(view, sum) {
        finding.help(help)
    } else {
        finding.severity(Severity::Note).help(WHICH_HOST)
    }
}

/// Whether somebody said how much of it the host has.
fn is_stated(view: &View<'_>, sum: Sum) -> bool {
    let stated = view.settings.host.stated;
    if sum == Sum::Cores { stated.cores } else { stated.memory }
}

fn host(view: &View<'_>, sum: Sum) -> &'static str {
    if is_stated(view, sum) { "the host" } else { "this machine" }
}

/// A number with no more digits than it needs.
fn plain(number: f64) -> String {
    ((number * 100.0).round() / 100.0).to_string()
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::Settings;
    use crate::compose::rules::Stated;
    use crate::compose::rules::testing::{judged_with, of, of_with, settings};

    /// Of 16 cores and 64 GiB, as `settings` has it.
    fn on(text: &str, change: impl Fn(&mut Settings)) -> Vec<String> {
        let mut settings = settings();
        change(&mut settings);
        of_with("CV106", text, &settings)
    }

    #[test]
    fn reservations_beyond_the_host_are_an_error_and_limits_a_warning() {
        let stack = |a: &str, b: &str| {
            format!("services:\n  a: {{image: a, {a}}}\n  b: {{image: b, {b}}}\n")
        };
        for (a, b, wanted) in [
            ("mem_reservation: 32g", "mem_reservation: 32g", &[][..]),
            (
                "mem_reservation: 33g",
                "mem_reservation: 32g",
                &["1:1 error 65.0 GiB of memory are reserved, and the host has 64.0 GiB"],
            ),
            // The limits are no news then.
            (
                "mem_reservation: 33g, mem_limit: 40g",
                "deploy: {resources: {reservations: {memory: 32g}, limits: {memory: 40g}}}",
                &["1:1 error 65.0 GiB of memory are reserved, and the host has 64.0 GiB"],
            ),
            ("mem_limit: 32g", "mem_limit: 32g", &[]),
            (
                "mem_limit: 32g",
                "scale: 2, mem_limit: 32g",
                &["1:1 warning the memory limits add up to 96.0 GiB, and the host has 64.0 GiB"],
            ),
            (
                "mem_limit: 32g",
                "deploy: {replicas: 2, resources: {limits: {memory: 32g}}}",
                &["1:1 warning the memory limits add up to 96.0 GiB, and the host has 64.0 GiB"],
            ),
            ("mem_limit: 32g", "scale: 0, mem_limit: 64g, cpus: 99", &[]),
            ("cpus: 8", "cpus: 8", &[]),
            (
                "cpus: 10.5",
                "cpus: 6",
                &["1:1 warning the CPU limits add up to 16.5, and the host has 16"],
            ),
            ("scale: 100, cpus: 0.1", "cpus: 6", &[]),
            (
                "cpu_quota: 1200000",
                "cpus: 8",
                &["1:1 warning the CPU limits add up to 20, and the host has 16"],
            ),
        ] {
            assert_eq!(of("CV106", &stack(a, b)), wanted, "{a}, {b}");
        }
    }

    #[test]
    fn one_service_cannot_have_more_cores_than_there_are() {
        for (keys, column) in
            [("cpus: 16.5", 32), ("deploy: {resources: {limits: {cpus: '16.5'}}}", 62)]
        {
            let text = format!("services: {{a: {{image: a, {keys}}}}}\n");
            let one = format!("1:{column} error 16.5 CPUs are more than the 16 of the host");
            assert_eq!(of("CV106", &text), [one], "{keys}");
        }
        // The engine takes any quota.
        let text = "services: {a: {image: a, cpu_quota: 1650000}}\n";
        let sum = "1:1 warning the CPU limits add up to 16.5, and the host has 16";
        assert_eq!(of("CV106", text), [sum]);
        assert!(of("CV106", "services: {a: {image: a, cpus: 16}}\n").is_empty());
    }

    #[test]
    fn services_of_one_anchor_are_one_finding() {
        let text = "x-l: &l {cpus: 17}\nservices:\n  a: {<<: *l, image: a, scale: 1}\n  b: {<<: *l, image: b}\n";
        let found = judged_with(text, &settings());
        let one = found.iter().find(|f| f.code.id == "CV106" && f.services.len() == 2);
        assert!(one.is_some(), "{found:#?}");
    }

    #[test]
    fn profiles_are_added_up_as_they_run() {
        let text = "\
services:
  base: {image: a, mem_limit: 20g}
  cpu: {image: a, mem_limit: 40g, profiles: [cpu]}
  gpu: {image: a, mem_limit: 44g, profiles: [gpu]}
";
        // Nobody runs both.
        assert!(of("CV106", text).is_empty());
        assert_eq!(
            of("CV106", &text.replace("44g", "45g")),
            [
                "1:1 warning with `gpu`, the memory limits add up to 65.0 GiB, and the host has 64.0 GiB"
            ]
        );
        // What is too much without any profile is said once.
        assert_eq!(
            of("CV106", &text.replace("20g", "65g")),
            ["1:1 warning the memory limits add up to 65.0 GiB, and the host has 64.0 GiB"]
        );
    }

    #[test]
    fn limits_may_be_overcommitted_and_reservations_not() {
        let text = "services:\n  a: {image: a, cpus: 12, mem_limit: 48g}\n  b: {image: a, cpus: 12, mem_limit: 48g}\n";
        assert_eq!(of("CV106", text).len(), 2);
        assert!(on(text, |settings| settings.overcommit = 1.5).is_empty());
        assert_eq!(
            on(text, |settings| settings.overcommit = 1.25),
            [
                "1:1 warning the CPU limits add up to 24, and the host has 16 × 1.25",
                "1:1 warning the memory limits add up to 96.0 GiB, and the host has 64.0 GiB × 1.25",
            ]
        );
        let reserved = text.replace("mem_limit", "mem_reservation");
        let found = on(&reserved, |settings| settings.overcommit = 9.0);
        assert_eq!(found, ["1:1 error 96.0 GiB of memory are reserved, and the host has 64.0 GiB"]);
    }

    #[test]
    fn what_this_machine_lacks_is_only_a_note() {
        let text = "services: {a: {image: a, cpus: 17, mem_reservation: 65g}}\n";
        let mut settings = settings();
        settings.host.stated = Stated::default();
        assert_eq!(
            of_with("CV106", text, &settings),
            [
                "1:1 note 65.0 GiB of memory are reserved, and this machine has 64.0 GiB",
                "1:32 note 17 CPUs are more than the 16 of this machine",
            ]
        );
        let found = judged_with(text, &settings);
        let mut found = found.iter().filter(|f| f.code.id == "CV106");
        assert!(found.all(|f| f.help.as_deref() == Some(super::WHICH_HOST)));
        // Where nobody knows the memory of the host, it is not judged.
        settings.host.memory_bytes = None;
        assert_eq!(of_with("CV106", text, &settings).len(), 1);
    }

    #[test]
    fn the_largest_are_pointed_at() {
        let text = "\
services:
  a: {image: a, mem_limit: 1g}
  b: {image: a, mem_limit: 30g, scale: 2}
  c: {image: a, mem_limit: 5g}
  d: {image: a, mem_limit: 2g}
  e: {image: a}
";
        let found = judged_with(text, &settings());
        let found = found.iter().find(|f| f.code.id == "CV106").unwrap();
        let notes: Vec<&str> = found.notes.iter().map(|(_, text)| &**text).collect();
        assert_eq!(notes, ["60.0 GiB of it, for 2 replicas", "5.0 GiB of it", "2.0 GiB of it"]);
    }

    #[test]
    fn absurd_numbers_do_no_harm() {
        let text = "services: {a: {image: a, cpus: 1e300, mem_limit: 8e9g, scale: 9223372036854775807}, b: {image: b, mem_limit: 8e9g, mem_reservation: 8e9g}}\n";
        assert_eq!(of("CV106", text).len(), 2);
    }
}
