//! Whether a model fits together: references, limits that are given twice, mounts, circles.

mod circles;
mod limits;
mod references;

use std::collections::{BTreeMap, HashMap};

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{Map, Node, Value};
use super::source::Span;

/// A model with its services parted by profiles.
pub(super) struct Parted<'m> {
    pub(super) model: &'m Map,
    pub(super) enabled: BTreeMap<&'m str, (Span, &'m Node)>,
    pub(super) disabled: BTreeMap<&'m str, (Span, &'m Node)>,
    /// Part of the stack could not be read.
    pub(super) is_incomplete: bool,
}

/// compose-go's `checkConsistency`, for the services that are enabled.
pub(super) fn check(parted: &Parted<'_>, findings: &mut Findings) {
    for (name, (at, node)) in &parted.enabled {
        findings.enter(name);
        if node.map().is_some() {
            Check { parted, findings, at: *at, service: node }.service();
        }
    }
    findings.leave();
    secrets(parted, findings);
    circles::check(parted, findings);
    container_names(parted, findings);
}

struct Check<'a, 'm> {
    parted: &'a Parted<'m>,
    findings: &'a mut Findings,
    at: Span,
    service: &'m Node,
}

impl<'m> Check<'_, 'm> {
    fn service(&mut self) {
        self.something_to_run();
        self.build();
        self.networks();
        self.healthcheck();
        self.dependencies();
        self.references();
        self.limits();
        self.replicas();
        self.watch();
        self.mounts();
    }

    fn get(&self, keys: &[&str]) -> Option<&'m Node> {
        self.service.at(keys).filter(|node| !node.is_null())
    }

    fn text(&self, keys: &[&str]) -> Option<&'m str> {
        self.get(keys).and_then(Node::text).filter(|text| !text.is_empty())
    }

    fn list(&self, keys: &[&str]) -> &'m [Node] {
        self.get(keys).and_then(Node::list).unwrap_or_default()
    }

    fn say(&mut self, mut finding: Finding, node: Option<&Node>) {
        if let Some(via) = node.and_then(|node| node.via) {
            finding = finding.note(via.span, via.how.text());
        }
        self.findings.add(finding);
    }

    fn something_to_run(&mut self) {
        let is_known = |key: &str| {
            self.service.get(key).is_some_and(|node| match &node.value {
                Value::Text(text) => !text.is_empty(),
                Value::Null => false,
                _ => true,
            })
        };
        if !["image", "build", "provider"].into_iter().any(is_known) {
            let text = "the service has neither an image nor a build";
            self.say(Finding::new(codes::NOTHING_TO_RUN, self.at, text), None);
        }
    }

    fn build(&mut self) {
        if let (Some(inline), Some(_)) =
            (self.get(&["build", "dockerfile_inline"]), self.text(&["build", "dockerfile"]))
        {
            let text = "`dockerfile` and `dockerfile_inline` exclude each other";
            self.say(Finding::new(codes::EXCLUSIVE, inline.span, text), Some(inline));
        }
        let contexts = self.get(&["build", "additional_contexts"]).and_then(Node::map);
        for entry in contexts.into_iter().flat_map(Map::values) {
            let node = &entry.node;
            let Some(name) = node.text().and_then(|text| text.strip_prefix("service:")) else {
                continue;
            };
            match self.parted.enabled.get(name) {
                None => self.no_service(name, node),
                Some((_, other)) if other.get("build").is_none() => {
                    let text = format!("the service `{name}` is not built: it is no build context");
                    self.say(Finding::new(codes::UNDEFINED_SERVICE, node.span, text), Some(node));
                }
                Some(_) => {}
            }
        }
        let (platform, platforms) = (self.text(&["platform"]), self.get(&["build", "platforms"]));
        if let (Some(platform), Some(platforms)) = (platform, platforms) {
            let list = platforms.list().unwrap_or_default();
            if !list.is_empty() && !list.iter().any(|item| item.text() == Some(platform)) {
                let text = format!("`build.platforms` lacks the service's platform `{platform}`");
                self.say(Finding::new(codes::VALUE, platforms.span, text), Some(platforms));
            }
        }
    }

    fn healthcheck(&mut self) {
        let Some(test) = self.get(&["healthcheck", "test"]) else { return };
        let Some(first) = test.list().and_then(|list| list.first()) else { return };
        if first.text().is_some_and(|text| !matches!(text, "CMD" | "CMD-SHELL" | "NONE")) {
            let text = "a list of `healthcheck.test` must begin with `CMD`, `CMD-SHELL` or `NONE`";
            self.say(Finding::new(codes::VALUE, first.span, text), Some(first));
        }
    }

    fn watch(&mut self) {
        for watch in self.list(&["develop", "watch"]) {
            let action = watch.get("action").and_then(Node::text);
            let target = watch.get("target").and_then(Node::text).unwrap_or_default();
            if target.is_empty() && !matches!(action, Some("rebuild" | "restart") | None) {
                let text = "a watch that is no `rebuild` and no `restart` needs a `target`";
                self.say(Finding::new(codes::MISSING_KEY, watch.span, text), Some(watch));
            }
        }
    }

    fn mounts(&mut self) {
        let mut known: HashMap<&str, Span> = HashMap::new();
        let tmpfs = self
            .list(&["tmpfs"])
            .iter()
            .filter_map(|item| Some((item.text()?.split(':').next().unwrap_or_default(), item)));
        let volumes = self.list(&["volumes"]).iter().filter(|item| item.map().is_some());
        let volumes =
            volumes.map(|item| (item.get("target").and_then(Node::text).unwrap_or_default(), item));
        for (target, item) in tmpfs.chain(volumes).collect::<Vec<_>>() {
            match known.get(target) {
                Some(first) => {
                    let text = format!("something is mounted at `{target}` already");
                    let finding = Finding::new(codes::MOUNT, item.span, text);
                    self.say(finding.note(*first, "it is mounted here"), Some(item));
                }
                None => {
                    known.insert(target, item.span);
                }
            }
        }
    }
}

fn secrets(parted: &Parted<'_>, findings: &mut Findings) {
    let map = parted.model.get("secrets").and_then(|entry| entry.node.map());
    for (name, entry) in map.into_iter().flatten() {
        let is_given = |key: &str| {
            entry.node.get(key).is_some_and(|node| node.is_bad() || node.text() != Some(""))
        };
        let is_external =
            entry.node.get("external").is_some_and(|node| matches!(node.value, Value::Bool(true)));
        let is_known = is_external || is_given("file") || is_given("environment");
        if !is_known && entry.node.map().is_some() {
            let text = format!("the secret `{name}` needs one of `file`, `environment`");
            findings.add(Finding::new(codes::MISSING_KEY, entry.key, text));
        }
    }
}

fn container_names(parted: &Parted<'_>, findings: &mut Findings) {
    let mut known: HashMap<&str, Span> = HashMap::new();
    for (service, (_, node)) in &parted.enabled {
        let Some(node) = node.get("container_name") else { continue };
        let Some(name) = node.text().filter(|name| !name.is_empty()) else { continue };
        match known.get(name) {
            Some(first) => {
                let text = format!("the container name `{name}` is taken already");
                let finding = Finding::new(codes::EXCLUSIVE, node.span, text).service(*service);
                findings.add(finding.note(*first, "it is given here too"));
            }
            None => {
                known.insert(name, node.span);
            }
        }
    }
}
