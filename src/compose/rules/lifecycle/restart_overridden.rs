//! CV203.

use std::collections::HashSet;

use super::policy;
use crate::compose::edit::Edit;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety};
use crate::compose::node::Entry;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::source::Span;
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV203",
        name: "restart-overridden",
        severity: Severity::Warning,
        about: "`restart` is given and `deploy.restart_policy` wins over it",
    },
    sets: EVERY,
    fix: Some(Safety::Safe),
    why: "\
Where both are given, Compose hands only `deploy.restart_policy` to the engine and says nothing (docker/compose,
`pkg/compose/create.go`, `getRestartPolicy`). Who reads `restart: always` in the file believes in a policy that is not
in force; above all where `restart_policy` has no `condition` and so means *never* (CV204).

Where both say the same it is only a note: files that serve Swarm as well have both.

The fix takes the `restart` out. It changes nothing of what runs, and is only done where no service uses the line
whose `restart` counts.",
    bad: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    restart: always
    deploy:
      restart_policy:
        condition: on-failure
        max_attempts: 3
",
    good: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    deploy:
      restart_policy:
        condition: on-failure
        max_attempts: 3
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let both = view
        .containers()
        .filter_map(|service| Some((service, policy::short(service)?, policy::long(service)?)));
    let both: Vec<_> = both.collect();
    let overridden: HashSet<String> =
        both.iter().map(|(service, ..)| format!("services.{}.restart", service.name)).collect();
    for (service, (short, one), (long, other)) in both {
        let (text, severity) = if one == other {
            ("`restart` says what `deploy.restart_policy` says, which counts", Severity::Note)
        } else {
            ("`restart` has no effect: `deploy.restart_policy` wins", Severity::Warning)
        };
        let finding = short.node.finding(&RULE.code, text).severity(severity);
        let finding = finding.service(service.name).note(long.key, "this one counts");
        let fix = fix(view, short, long.key, &overridden);
        findings.add(finding.help("give the policy in one place").fix(fix));
    }
}

fn fix(view: &View<'_>, short: &Entry, long: Span, overridden: &HashSet<String>) -> Option<Fix> {
    let paths = view.paths_of(short.node.span);
    let is_unused = paths.iter().all(|path| overridden.contains(path));
    // What was merged from elsewhere may be all that is there, and another file may need what this one does not.
    if !is_unused || short.node.via.is_some() || short.key.file != long.file {
        return None;
    }
    Some(Fix::edit(Safety::Safe, vec![line(view, short)?], paths))
}

/// The line of a key and a scalar that have it for themselves.
fn line(view: &View<'_>, entry: &Entry) -> Option<Edit> {
    let edit = view.editor.remove(entry.key)?;
    let (key, value) = (entry.key, entry.node.span);
    let between = view.editor.at(Span { start: key.end, end: value.start, ..key });
    let after = view.editor.at(Span { start: value.end, end: edit.span.end, ..key }).trim();
    let is_alone = between.trim_start_matches(['"', '\'']).trim() == ":"
        && !view.editor.at(value).starts_with(['&', '*', '!'])
        && (after.is_empty() || after.starts_with('#'));
    is_alone.then_some(edit)
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    const ALWAYS: &str = "warning `restart` has no effect: `deploy.restart_policy` wins";

    fn has_fix(text: &str) -> bool {
        let found: Vec<_> = judged(text).into_iter().filter(|f| f.code.id == "CV203").collect();
        assert!(!found.is_empty(), "{text}");
        found.iter().any(|finding| finding.fix.is_some())
    }

    #[test]
    fn two_policies_are_found_where_both_are_given() {
        for (keys, wanted) in [
            ("restart: always, deploy: {restart_policy: {condition: on-failure}}", ALWAYS),
            ("restart: always, deploy: {restart_policy: {delay: 5s}}", ALWAYS),
            ("restart: always, deploy: {restart_policy: {}}", ALWAYS),
            ("restart: on-failure:3, deploy: {restart_policy: {condition: on-failure}}", ALWAYS),
            (
                "restart: always, deploy: {restart_policy: {condition: any, delay: 5s}}",
                "note `restart` says what `deploy.restart_policy` says, which counts",
            ),
            (
                "restart: on-failure:3, deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
                "note `restart` says what `deploy.restart_policy` says, which counts",
            ),
        ] {
            let text = format!("services: {{a: {{image: a, {keys}}}}}\n");
            assert_eq!(of("CV203", &text), [format!("1:35 {wanted}")], "{keys}");
        }
        for keys in [
            "restart: always",
            "deploy: {restart_policy: {condition: any}}",
            "restart: always, deploy: {replicas: 1}",
            "restart: always, deploy: {restart_policy: }",
            "restart: '', deploy: {restart_policy: {condition: any}}",
            "restart: \"${RESTART}\", deploy: {restart_policy: {condition: any}}",
        ] {
            let text = format!("services: {{a: {{image: a, {keys}}}}}\n");
            assert!(of("CV203", &text).is_empty(), "{keys}");
        }
    }

    const POLICY: &str = "    deploy:\n      restart_policy: {condition: on-failure}\n";

    #[test]
    fn the_line_is_taken_out() {
        for line in [
            "    restart: always\n",
            "    restart: 'always'  # for ever\n",
            "    \"restart\": always\n",
        ] {
            let text = format!("services:\n  a:\n{line}    image: a\n{POLICY}  b: {{image: b}}\n");
            assert_eq!(fixed("CV203", &text), text.replace(line, ""));
        }
        // Last in the file, without a break.
        let text = format!("services:\n  a:\n    image: a\n{POLICY}    restart: always");
        assert_eq!(fixed("CV203", &text), text.replace("    restart: always", ""));
    }

    #[test]
    fn what_others_need_stays() {
        for text in [
            // `a` has no other policy.
            "services:\n  a: &a\n    image: a\n    restart: always\n  b:\n    <<: *a\n    deploy:\n      restart_policy: {condition: on-failure}\n"
                .to_owned(),
            format!("services:\n  a:\n    image: a\n    restart: &r always\n{POLICY}  b: {{image: b, restart: *r}}\n"),
            format!("x-r: &r always\nservices:\n  a:\n    image: a\n    restart: *r\n{POLICY}"),
            format!("x-b: &b\n  restart: always\nservices:\n  a:\n    <<: *b\n    image: a\n{POLICY}"),
            format!(
                "services:\n  base:\n    image: a\n    restart: always\n  a:\n    extends: base\n{POLICY}"
            ),
            // Not on a line of its own.
            "services:\n  a: {\n    restart: always, image: a,\n    deploy: {restart_policy: {condition: none}}\n  }\n".to_owned(),
            "services: {a: {image: a, restart: always, deploy: {restart_policy: {condition: none}}}}\n".to_owned(),
        ] {
            assert!(!has_fix(&text), "{text}");
        }
    }

    #[test]
    fn an_alias_of_the_whole_service_is_mended_with_it() {
        let text =
            format!("services:\n  a: &a\n    image: a\n    restart: always\n{POLICY}  b: *a\n");
        assert_eq!(fixed("CV203", &text), text.replace("    restart: always\n", ""));
    }
}
