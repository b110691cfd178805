//! A stack as rules look at it: services, and what they say, in the field's own terms.

mod command;
mod gpus;
mod health;
mod image;
mod network;
mod peers;
mod places;
mod resources;
mod service;
mod storage;

use std::cell::OnceCell;
use std::collections::HashSet;
use std::time::Duration;

use places::Places;

pub(super) use gpus::{Count, GpuRequest};
pub(super) use health::{Dependency, Healthcheck};
pub(super) use image::Reference;
pub(super) use network::Port;
pub(super) use peers::Peers;
pub(super) use resources::Given;
pub(super) use service::{Service, Variable};
pub(super) use storage::Mount;

use super::edit::Editor;
use super::node::{Map, Node, Value};
use super::rules::Settings;
use super::source::Sources;

/// A stack whose values are all what Compose holds there.
pub(super) struct View<'m> {
    pub(super) model: &'m Map,
    /// All that could be read to the end, whatever profiles they have, in the order of the source.
    pub(super) services: Vec<Service<'m>>,
    /// Those that the stack was asked for with.
    pub(super) profiles: &'m [String],
    pub(super) settings: &'m Settings,
    pub(super) editor: Editor<'m>,
    places: OnceCell<Places>,
    one_shots: OnceCell<HashSet<String>>,
}

impl<'m> View<'m> {
    pub(super) fn new(
        model: &'m Map,
        profiles: &'m [String],
        sources: &'m Sources,
        settings: &'m Settings,
    ) -> Self {
        // What is wrong in the others has been said. To judge what is left of them would mislead.
        let is_whole =
            |service: &Service<'_>| service.node.map().is_some() && is_whole(service.node);
        let services = services(model).filter(is_whole).collect();
        let editor = Editor::new(sources);
        let (places, one_shots) = (OnceCell::new(), OnceCell::new());
        Self { model, services, profiles, settings, editor, places, one_shots }
    }

    /// The services that Compose makes containers of: not those that it leaves to a provider.
    pub(super) fn containers(&self) -> impl Iterator<Item = &Service<'m>> {
        self.services.iter().filter(|service| service.get(&["provider"]).is_none())
    }

    /// A section at the top of the file: its names with what is said of them.
    pub(super) fn section(
        &self,
        name: &str,
    ) -> impl Iterator<Item = (&'m str, &'m super::node::Entry)> {
        let map = self.model.get(name).and_then(|entry| entry.node.map());
        map.into_iter().flatten().map(|(name, entry)| (&**name, entry))
    }

    /// Whether a service runs with the profiles that the stack was asked for with.
    pub(super) fn is_enabled(&self, service: &Service<'m>) -> bool {
        super::stack::is_enabled(service.node, self.profiles)
    }

    /// Whether all variables of a service are there: files of variables are read for services that are enabled.
    pub(super) fn knows_environment(&self, service: &Service<'m>) -> bool {
        service.list(&["env_file"]).is_empty() || self.is_enabled(service)
    }

    /// Whether a variable was read from an `env_file` of its service.
    pub(super) fn is_from_env_file(&self, service: &Service<'m>, variable: &Variable<'m>) -> bool {
        let file = self.editor.path(variable.node.span);
        let paths = service.list(&["env_file"]).iter().filter_map(|item| item.get("path")?.text());
        paths.into_iter().any(|path| std::path::Path::new(path) == file)
    }

    /// Whether two services may run at the same time: one has no profile, they share one, or both were asked for.
    pub(super) fn run_together(&self, a: &Service<'m>, b: &Service<'m>) -> bool {
        let (ours, theirs) = (a.profiles(), b.profiles());
        ours.is_empty()
            || theirs.is_empty()
            || ours.iter().any(|profile| theirs.contains(profile))
            || (self.is_enabled(a) && self.is_enabled(b))
    }

    /// Whether a service is meant to end: others wait for its success.
    pub(super) fn is_one_shot(&self, service: &Service<'m>) -> bool {
        let all = self.one_shots.get_or_init(|| {
            let all = self.services.iter().flat_map(Service::dependencies);
            all.filter(|dependency| dependency.condition == "service_completed_successfully")
                .map(|dependency| dependency.name.to_owned())
                .collect()
        });
        all.contains(service.name)
    }
}

/// Every service of a model, in the order of the source.
pub(super) fn services(model: &Map) -> impl Iterator<Item = Service<'_>> {
    let map = model.get("services").and_then(|entry| entry.node.map());
    map.into_iter().flatten().map(|(name, entry)| Service::new(name, entry))
}

/// Whether everything in it could be read.
fn is_whole(node: &Node) -> bool {
    match &node.value {
        Value::Bad => false,
        Value::List(list) => list.iter().all(is_whole),
        Value::Map(map) => map.values().all(|entry| is_whole(&entry.node)),
        _ => true,
    }
}

/// A length of time as the model has it.
pub(super) fn duration(node: &Node) -> Option<Duration> {
    let nanoseconds = super::shape::nanoseconds(node.text()?)?;
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// A number as the model has it.
pub(super) fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Int(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}
