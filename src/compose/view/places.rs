//! Values of the model that were written at one place: an anchor's, which several services use.

use std::collections::{BTreeSet, HashMap};

use super::View;
use crate::compose::edit::Edit;
use crate::compose::node::{Map, Node, Text, Value};
use crate::compose::source::Span;

/// All keys of a model, each with the one that it lies in.
#[derive(Debug, Default)]
pub(super) struct Places {
    keys: Vec<(Option<usize>, Text)>,
    of: HashMap<Span, Vec<usize>>,
}

impl Places {
    fn new(model: &Map) -> Self {
        let mut places = Self::default();
        places.map(model, None);
        places
    }

    fn map(&mut self, map: &Map, parent: Option<usize>) {
        for (key, entry) in map {
            self.keys.push((parent, key.clone()));
            self.node(&entry.node, self.keys.len() - 1);
        }
    }

    /// The items of a list have its path.
    fn node(&mut self, node: &Node, at: usize) {
        self.of.entry(node.span).or_default().push(at);
        match &node.value {
            Value::Map(map) => self.map(map, Some(at)),
            Value::List(list) => list.iter().for_each(|item| self.node(item, at)),
            _ => {}
        }
    }

    /// The keys from the top to the value at a place of the list of all.
    fn keys(&self, at: usize) -> Vec<&str> {
        let mut keys = Vec::new();
        let mut next = Some(at);
        while let Some((parent, key)) = next.and_then(|at| self.keys.get(at)) {
            keys.push(&**key);
            next = *parent;
        }
        keys.reverse();
        keys
    }

    /// Those of every value that was written at one place.
    fn written_at(&self, place: Span) -> impl Iterator<Item = Vec<&str>> {
        let found = self.of.get(&place).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|at| self.keys(*at))
    }
}

impl View<'_> {
    /// The paths of the model whose values were written at this place, keys joined by dots.
    pub(in crate::compose) fn paths_of(&self, value: Span) -> Vec<String> {
        self.places().written_at(value).map(|keys| keys.join(".")).collect()
    }

    /// The sections for Compose to pass over (`x-…`) that hold the value written at a place. A change of its text
    /// changes them too.
    pub(in crate::compose) fn extensions_with(&self, value: Span) -> BTreeSet<String> {
        let sections = self.places().written_at(value).filter_map(|keys| keys.first().copied());
        sections.filter(|name| name.starts_with("x-")).map(str::to_owned).collect()
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::new(self.model))
    }

    /// Another text in the place of a scalar, and all paths that it changes. `None` where the value was not written
    /// as it is, but has variables in it.
    pub(in crate::compose) fn replace(
        &self,
        scalar: &Node,
        text: &str,
    ) -> Option<(Edit, Vec<String>)> {
        let written = self.editor.at(scalar.span);
        let is_plain = !written.is_empty() && !written.contains(['$', '\n', '&', '!', '*']);
        is_plain.then(|| (self.editor.replace(scalar.span, text), self.paths_of(scalar.span)))
    }
}
