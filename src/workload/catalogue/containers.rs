//! What is known of container images, of what manifests ask for, and of files by their ending.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::{Entries, Entry};

static IMAGES: LazyLock<Entries> = LazyLock::new(|| super::parse(include_str!("images.toml")));
static RESOURCES: LazyLock<Entries> =
    LazyLock::new(|| super::parse(include_str!("resources.toml")));
static FILES: LazyLock<Files> = LazyLock::new(|| super::parse(include_str!("files.toml")));

#[derive(Deserialize)]
struct Files {
    header: Entries,
    ending: Entries,
}

/// What a file's ending says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ending {
    pub name: &'static str,
    pub entry: &'static Entry,
    /// The file's header says what it is.
    pub has_header: bool,
}

/// An image by its reference, with or without registry, tag and digest; a name that ends with `/` or `-`
/// is of all that begin so.
pub fn image(reference: &str) -> Option<(&'static str, &'static Entry)> {
    let name = repository(reference);
    let known = |(key, _): &(&String, _)| {
        if key.ends_with(['/', '-']) { name.starts_with(key.as_str()) } else { *key == name }
    };
    IMAGES.iter().find(known).map(|(key, entry)| (key.as_str(), entry))
}

/// `registry.example:5000/a/b:tag@sha256:…` → `a/b`
fn repository(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    let name = match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => name,
    };
    let name = name.strip_prefix("library/").unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// An automaton that finds `first`, which is pattern 0, and the names of all resources.
pub fn resources_and(first: &'static str) -> AhoCorasick {
    let names = RESOURCES.keys().map(String::as_str);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(std::iter::once(first).chain(names))
        .expect("the patterns are few and short")
}

/// The resource that is pattern `number` of [`resources_and`].
pub fn resource_of(number: usize) -> Option<&'static str> {
    RESOURCES.keys().nth(number.checked_sub(1)?).map(String::as_str)
}

pub fn resource(name: &str) -> Option<&'static Entry> {
    RESOURCES.get(name)
}

/// What a file's ending says of it: the longest that is known.
pub fn ending(name: &str) -> Option<Ending> {
    let mut endings = name.match_indices('.').map(|(at, _)| &name[at..]);
    let known = |entries: &'static Entries, ending: &str, has_header: bool| {
        let (name, entry) = entries.get_key_value(ending)?;
        Some(Ending { name, entry, has_header })
    };
    endings.find_map(|e| known(&FILES.header, e, true).or_else(|| known(&FILES.ending, e, false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_without_registry_and_tag() {
        let known = |reference| image(reference).map(|(key, _)| key);
        assert_eq!(known("nvidia/cuda:12.4-devel"), Some("nvidia/cuda"));
        assert_eq!(
            known("registry.example:5000/pytorch/pytorch@sha256:0"),
            Some("pytorch/pytorch")
        );
        assert_eq!(known("registry.example/nim/meta/llama:1"), Some("nim/"));
        assert_eq!(known("someone/nvidia/cuda"), None);
        assert_eq!(known("postgres"), None);
    }

    #[test]
    fn files_are_known_by_their_longest_ending() {
        let known = |name| ending(name).map(|ending| (ending.name, ending.has_header));
        assert_eq!(known("a.b.safetensors"), Some((".safetensors", true)));
        assert_eq!(known("a.tflite"), Some((".tflite", false)));
        assert_eq!(known("safetensors"), None);
    }

    #[test]
    fn what_is_known_is_in_order() {
        for entries in [&*IMAGES, &*RESOURCES, &FILES.header, &FILES.ending] {
            for (name, entry) in entries {
                assert!((0.0..=1.0).contains(&entry.weight), "{name}");
                assert!(!entry.why.is_empty(), "{name}");
            }
        }
    }
}
