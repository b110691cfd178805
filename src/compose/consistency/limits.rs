//! Limits and numbers that can be given in two places.

use super::Check;
use crate::compose::codes;
use crate::compose::finding::Finding;
use crate::compose::node::{Node, Value};

impl Check<'_, '_> {
    /// Compose takes one limit from two places only where both say the same.
    pub(super) fn limits(&mut self) {
        let pairs = [
            ("cpus", "limits", "cpus"),
            ("mem_limit", "limits", "memory"),
            ("mem_reservation", "reservations", "memory"),
            ("pids_limit", "limits", "pids"),
        ];
        for (own, kind, key) in pairs {
            let Some(node) = self.get(&[own]) else { continue };
            let Some(resources) = self.get(&["deploy", "resources", kind]) else { continue };
            let other = resources.get(key);
            let (Some(mine), Some(theirs)) = (amount(Some(node)), amount(other)) else { continue };
            #[expect(clippy::float_cmp, reason = "Compose asks for the very same number")]
            if mine == 0.0 || mine as f32 == theirs as f32 {
                continue;
            }
            let path = format!("deploy.resources.{kind}");
            let finding = if let Some(other) = other {
                let text = format!("`{own}` and `{path}.{key}` differ");
                Finding::new(codes::TWO_LIMITS, node.span, text)
                    .note(other.span, "the other one is given here")
            } else {
                let text = format!("`{own}` is given, but `{path}` is there and has no `{key}`");
                Finding::new(codes::TWO_LIMITS, node.span, text)
                    .note(resources.span, "Compose takes what is missing here for 0")
            };
            let help = format!("give the limit in one place: `{path}.{key}`");
            self.say(finding.help(help), Some(node));
        }
    }

    pub(super) fn replicas(&mut self) {
        let number = |node: Option<&Node>| match node?.value {
            Value::Int(number) => Some(number),
            _ => None,
        };
        let (scale, replicas) = (self.get(&["scale"]), self.get(&["deploy", "replicas"]));
        let (one, other) = (number(scale), number(replicas));
        if let (Some(one), Some(other), Some(scale), Some(replicas)) = (one, other, scale, replicas)
            && one != other
        {
            let text = "`scale` and `deploy.replicas` differ";
            let finding = Finding::new(codes::TWO_LIMITS, scale.span, text);
            self.say(finding.note(replicas.span, "the other one is given here"), Some(scale));
        }
        for (value, node, key) in [(one, scale, "scale"), (other, replicas, "deploy.replicas")] {
            if let (Some(value), Some(node)) = (value, node)
                && value < 0
            {
                let text = format!("`{key}` must be at least 0, and this is {value}");
                self.say(Finding::new(codes::VALUE, node.span, text), Some(node));
            }
        }
        let count = one.or(other).unwrap_or(1);
        if let Some(name) = self.get(&["container_name"]).filter(|node| node.text() != Some(""))
            && count > 1
        {
            let text = format!("{count} containers cannot have one `container_name`");
            let mut finding = Finding::new(codes::EXCLUSIVE, name.span, text);
            if let Some(at) = scale.or(replicas) {
                finding = finding.note(at.span, "their number is given here");
            }
            self.say(finding, Some(name));
        }
    }
}

/// A limit as a number; 0 where nothing is given, as in Go. `None` if it cannot be told.
fn amount(node: Option<&Node>) -> Option<f64> {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Some(0.0),
        Some(Value::Int(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        Some(_) => None,
    }
}
