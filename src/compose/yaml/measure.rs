//! How large a document becomes when its aliases are expanded, told before that is done.

use std::collections::HashMap;

use granit_parser::Event;

use super::{DEEPEST, Events};
use crate::compose::codes;
use crate::compose::finding::Finding;

/// Values of a document, an alias being one: Compose's own bound.
const VISITS: u64 = 100_000;
/// Values of a document with all aliases expanded.
const EXPANDED: u64 = 1_000_000;

/// What an anchor stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    values: u64,
    depth: usize,
}

#[derive(Debug, Default)]
struct Measure {
    /// Collections that are open, each with its anchor.
    open: Vec<(usize, Extent)>,
    anchors: HashMap<usize, Extent>,
    visits: u64,
    values: u64,
    from_aliases: u64,
}

/// Refuses what is nested too deeply or expands to too much, with Compose's own bounds where it has some.
pub(super) fn check(events: &Events<'_>, file: u32) -> Result<(), Box<Finding>> {
    let mut measure = Measure::default();
    for (event, at) in events {
        let span = super::build::span_of(*at, file);
        let refuse = |why: String| Box::new(Finding::new(codes::TOO_LARGE, span, why));
        match event {
            Event::DocumentStart(..) => {
                let anchors = measure.anchors;
                measure = Measure { anchors, ..Measure::default() };
            }
            Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) => {
                measure.open.push((*anchor, Extent { values: 1, depth: 0 }));
            }
            Event::MappingEnd | Event::SequenceEnd => measure.close(),
            Event::Scalar(_, _, anchor, _) => {
                measure.add(Extent { values: 1, depth: 0 });
                measure.anchors.insert(*anchor, Extent { values: 1, depth: 0 });
            }
            Event::Alias(anchor) => {
                let Some(extent) = measure.anchors.get(anchor).copied() else {
                    let text = "the anchor contains itself";
                    return Err(Box::new(Finding::new(codes::CYCLE, span, text)));
                };
                measure.from_aliases = measure.from_aliases.saturating_add(extent.values);
                measure.add(extent);
            }
            _ => {}
        }
        if measure.visits > VISITS {
            return Err(refuse(format!("more than {VISITS} values in one document")));
        }
        if measure.open.len() + measure.depth() > DEEPEST * 2 {
            return Err(refuse(format!("nested more than {} deep by its aliases", DEEPEST * 2)));
        }
        if measure.is_bomb() {
            return Err(refuse("the aliases expand to too much".to_owned()));
        }
    }
    Ok(())
}

impl Measure {
    fn add(&mut self, extent: Extent) {
        self.visits += 1;
        self.values = self.values.saturating_add(extent.values);
        if let Some((_, open)) = self.open.last_mut() {
            open.values = open.values.saturating_add(extent.values);
            open.depth = open.depth.max(extent.depth);
        }
    }

    fn close(&mut self) {
        let Some((anchor, mut extent)) = self.open.pop() else { return };
        extent.depth += 1;
        self.anchors.insert(anchor, extent);
        self.visits += 1;
        self.values = self.values.saturating_add(1);
        if let Some((_, open)) = self.open.last_mut() {
            open.values = open.values.saturating_add(extent.values);
            open.depth = open.depth.max(extent.depth);
        }
    }

    fn depth(&self) -> usize {
        self.open.last().map_or(0, |(_, extent)| extent.depth)
    }

    /// go-yaml's bound on the share of values that come from aliases.
    fn is_bomb(&self) -> bool {
        if self.values > EXPANDED {
            return true;
        }
        let (few, many) = (400_000.0, 4_000_000.0);
        let values = self.values as f64;
        let allowed = match values {
            v if v <= few => 0.99,
            v => 0.99 - 0.89 * (v - few) / (many - few),
        };
        self.from_aliases > 100 && self.values > 1000 && self.from_aliases as f64 / values > allowed
    }
}
