//! Services that wait for each other.

use std::collections::BTreeMap;

use super::Parted;
use crate::compose::codes;
use crate::compose::finding::{Finding, Findings};
use crate::compose::node::{Map, Node};

/// How far a service has been followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    OnTheWay,
    Done,
}

/// Each circle is said once, at the dependency that closes it.
pub(super) fn check(parted: &Parted<'_>, findings: &mut Findings) {
    let mut marks: BTreeMap<&str, Mark> = BTreeMap::new();
    for start in parted.enabled.keys() {
        if marks.contains_key(start) {
            continue;
        }
        // The way from the start, each with the dependencies that are still to be followed: as long as the chain
        // is, which may be longer than a call stack.
        let mut way = vec![(*start, dependencies(parted, start))];
        marks.insert(start, Mark::OnTheWay);
        while let Some((name, rest)) = way.last_mut() {
            let Some(next) = rest.pop() else {
                marks.insert(name, Mark::Done);
                way.pop();
                continue;
            };
            match marks.get(next) {
                Some(Mark::Done) => {}
                Some(Mark::OnTheWay) => {
                    let names: Vec<&str> = way.iter().map(|(name, _)| *name).collect();
                    say(parted, &names, next, findings);
                }
                None => {
                    marks.insert(next, Mark::OnTheWay);
                    way.push((next, dependencies(parted, next)));
                }
            }
        }
    }
}

/// The enabled services that one waits for, the last first.
fn dependencies<'m>(parted: &Parted<'m>, name: &str) -> Vec<&'m str> {
    let service = parted.enabled.get(name).map(|(_, node)| *node);
    let map = service.and_then(|node| node.get("depends_on")).and_then(Node::map);
    let names = map.into_iter().flat_map(Map::keys).map(|name| &**name);
    let enabled = names.filter(|name| parted.enabled.contains_key(name));
    let mut names: Vec<&str> = enabled.collect();
    names.reverse();
    names
}

fn say(parted: &Parted<'_>, way: &[&str], next: &str, findings: &mut Findings) {
    let start = way.iter().position(|name| *name == next).unwrap_or(0);
    let names: Vec<_> =
        way[start..].iter().chain([&next]).map(|name| format!("`{name}`")).collect();
    let text = format!("services wait for each other in a circle: {}", names.join(" → "));
    let Some(last) = way.last() else { return };
    let Some((at, node)) = parted.enabled.get(last) else { return };
    let key = node.get("depends_on").and_then(Node::map).and_then(|map| map.get(next));
    let at = key.map_or(*at, |entry| entry.key);
    findings.add(Finding::new(codes::CYCLE, at, text).service(*last));
}
