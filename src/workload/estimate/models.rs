//! Models that are known by name.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::workload::evidence::Category;
use crate::workload::weights::Architecture;

/// A well-known model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As its authors write it.
    pub name: String,
    pub parameters: u64,
    /// Features of a token; with `layers` and `heads`: it is a transformer.
    hidden: Option<u64>,
    layers: Option<u64>,
    heads: Option<u64>,
    /// As many as `heads` where nothing is said.
    kv_heads: Option<u64>,
    head_dim: Option<u64>,
    context: Option<u64>,
    vocab: Option<u64>,
    /// `bert`, `llama`: the type that configurations give.
    kind: Option<String>,
    /// Values that training keeps of one image, for a network of convolutions.
    pub image_values: Option<u64>,
}

impl Model {
    /// Whether it may be what a project of this field is about: pictures have no
    /// vocabulary, but for CLIP.
    pub fn is_of(&self, category: Category) -> bool {
        match category {
            Category::ComputerVision => {
                self.vocab.is_none() || self.kind.as_deref() == Some("clip")
            }
            Category::NlpLlm => self.image_values.is_none(),
            _ => true,
        }
    }

    pub fn architecture(&self) -> Architecture {
        Architecture {
            name: self.kind.clone(),
            layers: self.layers,
            hidden: self.hidden,
            heads: self.heads,
            kv_heads: self.kv_heads.or(self.heads),
            head_dim: self.head_dim,
            context: self.context,
            vocab: self.vocab,
            ..Architecture::default()
        }
    }
}

#[derive(Deserialize)]
struct File {
    model: Vec<Model>,
}

/// By squashed name: letters and digits in lower case.
static MODELS: LazyLock<BTreeMap<String, Model>> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../catalogue/models.toml")).expect("a test reads it");
    file.model.into_iter().map(|model| (squash(&model.name), model)).collect()
});

/// A name has this many words at most.
const WORDS: usize = 6;

fn squash(name: &str) -> String {
    squashed(name).collect()
}

fn squashed(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}

/// Letters and digits together, with where they begin and end.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().chain(std::iter::once(b' ')).enumerate() {
        match (byte.is_ascii_alphanumeric() || !byte.is_ascii(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Models that a text names, with the byte where each name begins. Upper and lower case are the same,
/// and so are `ResNet-50`, `resnet50` and `ResNet 50`; the longest name counts.
pub fn find(text: &str) -> Vec<(usize, &'static Model)> {
    let words = words(text);
    let mut found = Vec::new();
    let mut name = String::new();
    let mut next = 0;
    while let Some(rest @ [(at, _), ..]) = words.get(next..) {
        let longest = longest(text, rest, &mut name);
        if let Some((model, _)) = longest {
            found.push((*at, model));
        }
        next += longest.map_or(1, |(_, taken)| taken);
    }
    found
}

/// The longest name that begins at the first word, and how many words it takes. `name` is scratch.
fn longest(
    text: &str,
    words: &[(usize, usize)],
    name: &mut String,
) -> Option<(&'static Model, usize)> {
    name.clear();
    let mut best = None;
    let mut end = words.first()?.0;
    for (count, &(from, to)) in words.iter().take(WORDS).enumerate() {
        let between = text.get(end..from)?;
        if count > 0 && !matches!(between, "-" | "_" | " " | "." | "/" | ":") {
            break;
        }
        name.extend(squashed(text.get(from..to)?));
        end = to;
        match MODELS.range::<str, _>((Bound::Included(name.as_str()), Bound::Unbounded)).next() {
            Some((known, model)) if known == name => best = Some((model, count + 1)),
            Some((known, _)) if known.starts_with(name.as_str()) => {}
            _ => break,
        }
    }
    best
}

#[cfg(test)]
pub(super) fn by_name(name: &str) -> Option<&'static Model> {
    MODELS.get(&squash(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        find(text).into_iter().map(|(_, model)| model.name.as_str()).collect()
    }

    #[test]
    fn the_file_reads_and_no_name_is_there_twice() {
        let file: File = toml::from_str(include_str!("../catalogue/models.toml")).unwrap();
        assert_eq!(file.model.len(), MODELS.len());
        for model in &file.model {
            assert!(model.name.split(|c: char| !c.is_alphanumeric()).count() <= WORDS);
            assert!(model.parameters > 1_000_000, "{}", model.name);
            assert_eq!(names(&model.name), [model.name.as_str()]);
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for text in ["ResNet-50", "resnet50", "a ResNet 50.", "models/resnet_50/x", "(RESNET-50)"] {
            assert_eq!(names(text), ["ResNet-50"], "{text}");
        }
        assert_eq!(names("mistralai/Mixtral-8x7B-Instruct-v0.1"), ["Mixtral 8x7B"]);
        assert_eq!(names("sentence-transformers/all-MiniLM-L6-v2"), ["all-MiniLM-L6-v2"]);
        assert_eq!(names("yolov8n.pt and bert-base-uncased"), ["YOLOv8n", "BERT base"]);
    }

    #[test]
    fn the_longest_name_counts_and_whole_words_only() {
        assert_eq!(names("meta-llama/Llama-3.1-8B"), ["Llama 3.1 8B"]);
        assert_eq!(names("openai/whisper-large-v3"), ["Whisper large-v3"]);
        assert!(names("myresnet50 resnet501 resnet, 50").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}") {
            find(&text);
        }
    }
}
