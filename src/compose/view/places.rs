//! Values of the model that were written at one place: an anchor's, which several services use.

use std::collections::HashMap;

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

    fn path(&self, at: usize) -> String {
        let mut keys = Vec::new();
        let mut next = Some(at);
        while let Some((parent, key)) = next.and_then(|at| self.keys.get(at)) {
            keys.push(&**key);
            next = *parent;
        }
        keys.reverse();
        keys.join(".")
    }
}

impl View<'_> {
    /// The paths of the model whose values were written at this place, keys joined by dots.
    pub(in crate::compose) fn paths_of(&self, value: Span) -> Vec<String> {
        let places = self.places.get_or_init(|| Places::new(self.model));
        let found = places.of.get(&value).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|at| places.path(*at)).collect()
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
