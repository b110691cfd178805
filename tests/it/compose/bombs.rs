//! Small stacks that would become large or take long: each is refused, or bears it.

use super::corpus::read;
use crate::support::Sandbox;

/// The codes of what is found, in the order of the source.
fn codes(text: &str) -> Vec<&'static str> {
    let sandbox = Sandbox::new();
    let stack = read(&[sandbox.write("compose.yaml", text)], &[]);
    stack.findings.iter().map(|finding| finding.code.id).collect()
}

#[test]
fn ports_are_written_out_up_to_a_bound() {
    let services = |count: usize| {
        let service = |at| format!("  s{at}: {{image: a, ports: *p}}\n");
        let services: String = (0..count).map(service).collect();
        format!("x-ports: &p [1-65535]\nservices:\n{services}")
    };
    assert_eq!(codes(&services(1)), [""; 0]);
    assert_eq!(codes(&services(20)), ["CV004"]);
}

#[test]
fn chains_of_services_are_followed_up_to_a_bound() {
    let chain = |count: usize| {
        let service = |at| format!("  s{at}: {{extends: s{}}}\n", at + 1);
        let services: String = (0..count).map(service).collect();
        format!("services:\n{services}  s{count}: {{image: a}}\n")
    };
    assert_eq!(codes(&chain(90)), [""; 0]);
    assert_eq!(codes(&chain(2000))[0], "CV004");
}

#[test]
fn pools_are_laid_over_each_other_up_to_a_bound() {
    let pools = |count: usize| {
        let pool = |at| format!("{{subnet: 10.{}.{}.0/24}}", at / 256, at % 256);
        let pools: Vec<String> = (0..count).map(pool).collect();
        let networks = format!("networks: {{n: {{ipam: {{config: [{}]}}}}}}\n", pools.join(", "));
        format!("services: {{a: {{image: b}}}}\n{networks}---\n{networks}")
    };
    assert_eq!(codes(&pools(50)), [""; 0]);
    assert_eq!(codes(&pools(500)), ["CV004"]);
}
