//! CV101.

use super::amounts::{MEMORY, usual_memory, written};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV101",
        name: "memory-limit",
        severity: Severity::Error,
        about: "a service may take all memory of its host",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
Without a limit, one service that leaks takes the memory of the whole host, and the kernel then kills some process,
often another one. With a limit, the kernel kills the one that leaks, and its restart policy brings it back.

Looked at are `deploy.resources.limits.memory` and `mem_limit`, in the merged stack. `0` sets no limit.

The fix takes the size from what is known of the image, else 512 MiB, and 4 GiB for services with GPUs; more where the heap, `maxmemory` or
shared memory of the service need it. Look at what the service really takes.",
    bad: "\
services:
  registry:
    image: postgres:17.2
",
    good: "\
services:
  registry:
    image: postgres:17.2
    deploy:
      resources:
        limits:
          memory: 1g
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers().filter(|service| service.memory_limit().is_none()) {
        let text = format!("`{}` has no memory limit", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let help = "set `deploy.resources.limits.memory`, or `mem_limit`";
        let fix = MEMORY.fix(view, service, written(usual_memory(service)));
        findings.add(finding.help(help).fix(Some(fix)));
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    #[test]
    fn either_way_of_writing_it_is_a_limit() {
        for limit in ["mem_limit: 1g", "deploy: {resources: {limits: {memory: 1g}}}"] {
            assert!(of("CV101", &format!("services: {{a: {{image: a, {limit}}}}}\n")).is_empty());
        }
        for none in
            ["mem_limit: 0", "deploy: {resources: {limits: {cpus: 1}}}", "mem_reservation: 1g"]
        {
            let found = of("CV101", &format!("services: {{a: {{image: a, {none}}}}}\n"));
            assert_eq!(found, ["1:12 error `a` has no memory limit"], "{none}");
        }
    }

    #[test]
    fn the_fix_follows_the_way_that_is_there() {
        assert_eq!(
            fixed("CV101", "services: {a: {image: a, cpus: 1}}\n"),
            "services: {a: {image: a, cpus: 1, mem_limit: 512m}}\n"
        );
    }

    #[test]
    fn compose_takes_what_the_fix_writes() {
        for (text, wanted) in [
            // A mixture of both ways is refused.
            (
                "services:\n  a:\n    image: a\n    mem_limit: 0\n    cpus: 1\n",
                "services:\n  a:\n    image: a\n    mem_limit: 512m\n    cpus: 1\n",
            ),
            (
                "services: {a: {image: a, cpus: 1, deploy: {resources: {limits: {cpus: 1}}}}}\n",
                "services: {a: {image: a, cpus: 1, deploy: {resources: {limits: {cpus: 1, memory: 512m}}}}}\n",
            ),
            (
                "services: {a: {image: a, deploy: {resources: {limits: {memory: '0'}}}}}\n",
                "services: {a: {image: a, deploy: {resources: {limits: {memory: '512m'}}}}}\n",
            ),
            (
                "services: {a: {image: postgres:17}}\n",
                "services: {a: {image: postgres:17, deploy: {resources: {limits: {memory: 1g}}}}}\n",
            ),
        ] {
            assert_eq!(fixed("CV101", text), wanted);
        }
    }

    #[test]
    fn what_a_provider_runs_is_no_container() {
        let text = "services: {a: {provider: {type: model, options: {model: m}}}}\n";
        assert!(of("CV101", text).is_empty());
    }
}
