//! `extends`: a service that begins as another one.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::load::{Loader, Place, is_remote};
use super::node::{How, Map, Node, Text, Value, Via};
use super::paths::Base;
use super::variables::Variables;
use super::yaml::came_through;
use super::{canonical, codes, interpolate, merge, paths, unique};
use crate::core::error::nearest;

/// A file whose services others extend.
#[derive(Debug)]
pub(super) struct Extendable {
    services: Map,
    resets: Vec<Vec<Text>>,
}

/// Services that extend each other, at most.
const LONGEST: usize = 100;

/// How a service was come to, and what is known of others already.
#[derive(Default)]
struct Way {
    steps: Vec<(u32, Text)>,
    known: HashMap<(u32, Text), Node>,
}

/// The services among which one is looked for.
#[derive(Clone, Copy)]
struct Among<'a> {
    file: u32,
    services: &'a Map,
    resets: &'a [Vec<Text>],
}

impl Loader {
    /// Lays every service of a document over the one that it extends.
    pub(super) fn extend(
        &mut self,
        map: &mut Map,
        file: u32,
        resets: &[Vec<Text>],
        place: Place<'_>,
    ) {
        let section = map.get("services").map(|entry| &entry.node);
        let Some(own) = section.and_then(Node::map) else {
            if let Some(section) = section.filter(|node| !node.is_bad()) {
                let text =
                    format!("`services` must be a mapping, and this is {}", section.value.kind());
                self.findings.add(section.finding(codes::WRONG_TYPE, text));
            }
            return;
        };
        let extending: Vec<Text> = own
            .iter()
            .filter(|(_, entry)| entry.node.get("extends").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        if extending.is_empty() {
            return;
        }
        let own = own.clone();
        let among = Among { file, services: &own, resets };
        let mut way = Way::default();
        for name in extending {
            let merged = self.extended(&name, among, place, &mut way);
            let services = map.get_mut("services").and_then(|entry| entry.node.map_mut());
            if let (Some(merged), Some(services)) = (merged, services)
                && let Some(entry) = services.get_mut(&name)
            {
                entry.node = merged;
            }
        }
    }

    /// A service with what it extends below it.
    fn extended(
        &mut self,
        name: &Text,
        among: Among<'_>,
        place: Place<'_>,
        way: &mut Way,
    ) -> Option<Node> {
        let own = &among.services.get(name)?.node;
        if own.get("extends").is_none() {
            return Some(own.clone());
        }
        let key = (among.file, name.clone());
        if let Some(known) = way.known.get(&key) {
            return Some(known.clone());
        }
        let merged = self.merged(own.clone(), &key, among, place, way)?;
        way.known.insert(key, merged.clone());
        Some(merged)
    }

    /// A service that extends another, laid over that.
    fn merged(
        &mut self,
        mut service: Node,
        key: &(u32, Text),
        among: Among<'_>,
        place: Place<'_>,
        way: &mut Way,
    ) -> Option<Node> {
        let extends = service.get("extends").cloned()?;
        let name = &key.1;
        if way.steps.len() >= LONGEST {
            let text = format!("services extend each other over more than {LONGEST} steps");
            self.findings.add(extends.finding(codes::TOO_LARGE, text).service(&**name));
            service.value = Value::Bad;
            return Some(service);
        }
        if let Some(start) = way.steps.iter().position(|known| known == key) {
            let circle = &way.steps[start..];
            let mut names: Vec<_> = circle.iter().map(|(_, name)| format!("`{name}`")).collect();
            names.push(format!("`{name}`"));
            let text = format!("services extend each other in a circle: {}", names.join(" → "));
            // It is met again from each of its services.
            let is_new = !circle.iter().any(|service| self.circular.contains(service));
            self.circular.extend(circle.iter().cloned());
            if is_new {
                let finding = extends.finding(codes::CYCLE, text);
                self.findings.add(finding.service(&**name));
            }
            if let Some(map) = service.map_mut() {
                map.shift_remove("extends");
            }
            return Some(service);
        }
        way.steps.push(key.clone());
        let base = self.base_of(name, &extends, among, place, way);
        way.steps.pop();
        if base.as_ref().is_some_and(Node::is_null) {
            return Some(service);
        }
        let Some(mut base) = base else {
            // What it should begin as is not known: what it lacks is not asked for.
            service.value = Value::Bad;
            return Some(service);
        };
        came_through(&mut base, Via { span: extends.span, how: How::Extends });
        if let Some(base) = base.map_mut() {
            let own = among.resets.iter().filter_map(|path| match &path[..] {
                [services, service, rest @ ..] if &**services == "services" && service == name => {
                    Some(rest.to_vec())
                }
                _ => None,
            });
            merge::reset(base, &own.collect::<Vec<_>>());
        }
        merge::services(&mut base, service, &mut self.findings);
        if let Some(map) = base.map_mut() {
            map.shift_remove("extends");
        }
        Some(base)
    }

    /// The service that is extended, with what it extends itself below it.
    fn base_of(
        &mut self,
        name: &Text,
        extends: &Node,
        among: Among<'_>,
        place: Place<'_>,
        way: &mut Way,
    ) -> Option<Node> {
        let wrong = |this: &mut Self, text: &str| {
            let finding = extends.finding(codes::WRONG_TYPE, text);
            this.findings.add(finding.service(&**name));
            None
        };
        let (base, from) = match &extends.value {
            Value::Text(base) => ((extends.clone(), base.clone()), None),
            Value::Map(map) => match map.get("service").map(|entry| &entry.node) {
                Some(node) => match &node.value {
                    Value::Text(base) => ((node.clone(), base.clone()), map.get("file")),
                    _ => return wrong(self, "`extends.service` must be a string"),
                },
                None => return wrong(self, "`extends` lacks the key `service`"),
            },
            Value::Bad => return None,
            _ => return wrong(self, "`extends` must be a string or a mapping"),
        };
        let (at, base) = base;
        let Some(from) = from.map(|entry| &entry.node).filter(|node| !node.is_null()) else {
            if !among.services.contains_key(&base) {
                self.undefined(name, &base, &at, among.services, None);
                return None;
            }
            return self.extended(&base, among, place, way);
        };
        let Some(path) = from.text() else {
            return if from.is_bad() {
                None
            } else {
                wrong(self, "`extends.file` must be a string")
            };
        };
        let (file, other) = self.extendable(from, path, place)?;
        if !other.services.contains_key(&base) {
            self.undefined(name, &base, &at, &other.services, Some(path));
            return None;
        }
        let among = Among { file, services: &other.services, resets: &other.resets };
        self.extended(&base, among, place, way)
    }

    fn undefined(
        &mut self,
        name: &Text,
        base: &str,
        at: &Node,
        services: &Map,
        file: Option<&str>,
    ) {
        let place = file.map(|file| format!(" in {file}")).unwrap_or_default();
        let text = format!("the service `{base}`, which this one extends, does not exist{place}");
        let mut finding = at.finding(codes::UNDEFINED_BASE, text).service(&**name);
        if let Some(known) = nearest(base, services.keys().map(|name| &**name)) {
            finding = finding.help(format!("did you mean `{known}`?"));
        }
        self.findings.add(finding);
    }

    /// Another file, read as far as its services can be extended.
    fn extendable(
        &mut self,
        at: &Node,
        path: &str,
        place: Place<'_>,
    ) -> Option<(u32, Rc<Extendable>)> {
        if is_remote(path) {
            self.remote(at, path);
            return None;
        }
        let path = self.resolve(place.folder, path);
        let file = match self.open(&path) {
            Ok(file) => file,
            Err(why) => {
                self.missing(at, &path, &why);
                return None;
            }
        };
        if let Some(known) = self.extendable.get(&file) {
            return known.clone().map(|known| (file, known));
        }
        let read = self.read_extendable(file, &path, place.variables).map(Rc::new);
        self.is_incomplete |= read.is_none();
        self.extendable.insert(file, read.clone());
        read.map(|read| (file, read))
    }

    fn read_extendable(
        &mut self,
        file: u32,
        path: &Path,
        variables: &Variables,
    ) -> Option<Extendable> {
        let (mut model, mut resets) = (Map::new(), Vec::new());
        let documents = self.parse(file);
        if self.findings.is_at(codes::SYNTAX, file) {
            return None;
        }
        for document in documents {
            let mut map = self.top(file, document.root)?;
            interpolate::interpolate(&mut map, variables, &mut self.findings);
            merge::reset(&mut model, &document.resets);
            merge::documents(&mut model, map, &mut self.findings);
            unique::enforce(&mut model, &mut self.findings);
            canonical::write_out(&mut model, &mut self.findings, &mut self.ports_left);
            unique::enforce(&mut model, &mut self.findings);
            resets = document.resets;
        }
        let folder = path.parent().unwrap_or(path);
        let base = Base { folder, home: self.home.as_deref() };
        paths::resolve(&mut model, &base, &mut self.findings);
        let services = match model.shift_remove("services").map(|entry| entry.node.value) {
            Some(Value::Map(services)) => services,
            _ => Map::new(),
        };
        Some(Extendable { services, resets })
    }
}
