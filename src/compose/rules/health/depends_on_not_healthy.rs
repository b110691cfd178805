//! CV307.

use super::checks::{self, Checked, checked};
use super::long_form::{Item, write_out};
use crate::compose::edit::Edit;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set, Tree};
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::source::Span;
use crate::compose::view::{Dependency, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV307",
        name: "depends-on-not-healthy",
        severity: Severity::Warning,
        about: "a service does not wait until another one is healthy",
    },
    sets: PLATFORM,
    fix: Some(Safety::Safe),
    why: "\
The short form of `depends_on`, and `condition: service_started`, wait until a container has been started, and no
longer: a database then still replays its log, a model server still loads. What comes next fails to connect, and must
cope with it. With `condition: service_healthy`, Compose waits for the health check, which is there already. Where
`service_started` is written out, somebody may have meant it: a program that tries again needs no more.

Looked at are dependencies on services that have a health check of their own, or one that their image is known to
bring. What follows from `links` or a shared network is not looked at.

The fix writes the list as a mapping, in which only these dependencies change; the others keep `service_started`. It is
not offered where the check is known never to pass (CV303): then Compose would wait in vain. If a service and the check
of the one that it waits for need each other, ignore the finding.",
    bad: "\
services:
  web:
    image: acme/web:1.2
    depends_on:
      - registry
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
",
    good: "\
services:
  web:
    image: acme/web:1.2
    depends_on:
      registry:
        condition: service_healthy
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
",
    check,
};

/// Items of lists that are gone over, at most: each dependency has its own edits for its whole list.
const EDITS: usize = 100_000;

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = checks::by_name(view);
    let mut left = EDITS;
    for service in &view.services {
        let dependencies = service.dependencies();
        for dependency in &dependencies {
            if dependency.condition != "service_started" || is_implied(dependency) {
                continue;
            }
            let Some(target) = services.get(dependency.name) else { continue };
            if checked(target) != Checked::Yes || !checks::has_containers(target) {
                continue;
            }
            let name = dependency.name;
            let text = format!("`{name}` is awaited until it has started, not until it is healthy");
            let node = place(dependency);
            let mut finding = node.finding(&RULE.code, text).service(service.name);
            if let Some(check) = target.healthcheck() {
                finding = finding.note(check.entry.key, "its health check is here");
            }
            let help = "wait with `condition: service_healthy`";
            let mut fix = fix(view, service, target, dependency);
            if let Some(fix) = fix.as_mut().filter(|_| left > 0) {
                fix.edits = edits(view, &dependencies, dependency).unwrap_or_default();
                left = left.saturating_sub(dependencies.len());
            }
            findings.add(finding.help(help).fix(fix));
        }
    }
}

/// What is written of the condition: the condition itself, else the name.
fn place<'m>(dependency: &Dependency<'m>) -> &'m Node {
    let node = &dependency.entry.node;
    node.get("condition").unwrap_or(node)
}

/// Whether it is an item of a list: all that the mapping says stands where the name does.
fn is_item(dependency: &Dependency<'_>) -> bool {
    dependency.entry.node.span == dependency.entry.key
}

/// Whether it follows from a link or a shared namespace.
fn is_implied(dependency: &Dependency<'_>) -> bool {
    let node = &dependency.entry.node;
    is_item(dependency) && node.get("restart").is_some_and(|restart| restart.span == node.span)
}

/// Whether a value stands behind its key in the text, without an anchor.
fn is_behind(view: &View<'_>, key: Span, node: &Node) -> bool {
    let between = Span { start: key.end, end: node.span.start, ..key };
    let mut lines = view.editor.at(between).lines().map(|line| line.split(" #").next());
    key.file == node.span.file
        && lines.next().flatten().is_some_and(|line| line.trim() == ":")
        && lines.all(|line| {
            line.is_none_or(|line| line.trim().is_empty() || line.trim().starts_with('#'))
        })
}

/// The `x-…` sections that a place lies in: what services share through anchors.
fn extensions(view: &View<'_>, place: Span) -> impl Iterator<Item = String> {
    let holds = move |outer: Span| {
        outer.file == place.file && outer.start <= place.start && place.end <= outer.end
    };
    let sections = view.model.iter().filter(|(name, _)| name.starts_with("x-"));
    sections.filter(move |(_, entry)| holds(entry.node.span)).map(|(name, _)| name.to_string())
}

fn item<'m>(dependency: &Dependency<'m>) -> Item<'m> {
    Item { name: dependency.name, span: dependency.entry.key }
}

fn fix(
    view: &View<'_>,
    service: &Service<'_>,
    target: &Service<'_>,
    dependency: &Dependency<'_>,
) -> Option<Fix> {
    let test = target.healthcheck().map(|check| check.test).unwrap_or_default();
    if !checks::missing(target, &test).is_empty() {
        return None;
    }
    let path = ["depends_on", dependency.name, "condition"];
    let set = Set::of(service.name, &path, "service_healthy");
    let mut paths = vec![set.path.join(".")];
    paths.extend(extensions(view, dependency.entry.key));
    Some(Fix::edit(Safety::Safe, Vec::new(), paths).or_set(vec![set]))
}

fn edits(
    view: &View<'_>,
    all: &[Dependency<'_>],
    dependency: &Dependency<'_>,
) -> Option<Vec<Edit>> {
    if is_item(dependency) {
        let items: Vec<Item<'_>> = all.iter().filter(|d| is_item(d)).map(item).collect();
        return write_out(view.editor, &items, item(dependency));
    }
    let (key, node) = (dependency.entry.key, &dependency.entry.node);
    // Through an alias, other dependencies would change as well.
    if !is_behind(view, key, node) {
        return None;
    }
    let condition = node.map()?.get("condition")?;
    let (key, condition) = (condition.key, &condition.node);
    if condition.span == node.span {
        let mut tree = Tree::default();
        tree.insert(&["condition".to_owned()], "service_healthy");
        return view.editor.append(dependency.entry, &tree).map(|edit| vec![edit]);
    }
    let written = view.editor.at(condition.span).trim_matches(['"', '\'']);
    let is_here =
        node.span.file == key.file && (node.span.start..node.span.end).contains(&key.start);
    (written == "service_started" && is_here && is_behind(view, key, condition))
        .then(|| vec![view.editor.replace(condition.span, "service_healthy")])
}
