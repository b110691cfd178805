//! The catalogue of phrases, ready to be looked up.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::words::{stem, words};
use crate::workload::evidence::{Category, Gpu};

/// How the words of an entry are compared with those of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// In all forms of the word, in any case.
    #[default]
    Inflected,
    /// In any case, but in this form alone.
    Whole,
    /// As it is written in the catalogue.
    Exact,
}

/// What some phrases, or some classes of words near each other, say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Phrases that say the same. Of two that overlap the longer is taken: `regression test` hides
    /// `regression`.
    #[serde(default)]
    pub words: Vec<String>,
    /// Or: classes that must be near each other; `a|b` is either.
    #[serde(default)]
    pub all: Vec<String>,
    /// How many words may lie between two of `all`.
    #[serde(default = "near")]
    pub within: usize,
    /// Whether `all` must come in this order.
    #[serde(default)]
    pub ordered: bool,
    #[serde(default)]
    pub form: Form,
    #[serde(default)]
    pub category: Category,
    #[serde(default)]
    pub gpu: Gpu,
    /// How sure a text is about machine learning that has this alone, 0 to 1; below 0 against.
    #[serde(default)]
    pub weight: f64,
    /// How much more, or less, a GPU is needed: from -2 to 2, where 1 is a step of `Gpu`.
    #[serde(default)]
    pub scale: f64,
    /// What the text says itself about the need of a GPU.
    #[serde(default)]
    pub says: Option<Gpu>,
    /// Classes one of which must be in the sentence.
    #[serde(default)]
    pub with: Vec<String>,
    /// Classes that make it something else when they are in the sentence.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Classes that its words belong to as well.
    #[serde(default)]
    pub is: Vec<String>,
    pub why: String,
}

fn near() -> usize {
    6
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    classes: HashMap<String, Vec<String>>,
    entries: Vec<Entry>,
}

/// One phrase of the catalogue, and what it stands for.
#[derive(Debug)]
pub(super) struct Phrase {
    /// As it is written in the catalogue.
    written: Vec<String>,
    pub(super) stems: Vec<u32>,
    form: Form,
    pub(super) means: Means,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Entry(usize),
    Class(usize),
}

/// A pattern's classes, by number: all of the outer, one of each inner.
pub(super) type Classes = Vec<Vec<usize>>;

pub(super) struct Lexicon {
    pub(super) entries: Vec<Entry>,
    /// Of each entry: `all`, `is`, `with`, `unless`.
    pub(super) all: Vec<Classes>,
    pub(super) is: Vec<Vec<usize>>,
    pub(super) with: Vec<Vec<usize>>,
    pub(super) unless: Vec<Vec<usize>>,
    /// Entries with `all`.
    pub(super) patterns: Vec<usize>,
    stems: HashMap<String, u32>,
    pub(super) phrases: Vec<Phrase>,
    /// Phrases by the stem of their first word, the longest first.
    first: HashMap<u32, Vec<usize>>,
    names: HashMap<String, usize>,
}

/// `catalogue/phrases.toml`.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let text = include_str!("../catalogue/phrases.toml");
    Lexicon::new(toml::from_str(text).expect("a test reads it"))
});

impl Lexicon {
    fn new(catalogue: Catalogue) -> Self {
        let mut classes: Vec<_> = catalogue.classes.into_iter().collect();
        classes.sort();
        let names: HashMap<String, usize> =
            classes.iter().enumerate().map(|(number, (name, _))| (name.clone(), number)).collect();
        let number = |name: &str| *names.get(name).expect("a test knows the names of classes");
        let numbers = |list: &[String]| list.iter().map(|name| number(name)).collect::<Vec<_>>();
        let entries = catalogue.entries;
        let all: Vec<Classes> = entries
            .iter()
            .map(|entry| entry.all.iter().map(|any| any.split('|').map(number).collect()).collect())
            .collect();
        let mut lexicon = Self {
            is: entries.iter().map(|entry| numbers(&entry.is)).collect(),
            with: entries.iter().map(|entry| numbers(&entry.with)).collect(),
            unless: entries.iter().map(|entry| numbers(&entry.unless)).collect(),
            patterns: (0..entries.len()).filter(|&i| !entries[i].all.is_empty()).collect(),
            all,
            entries: Vec::new(),
            stems: HashMap::new(),
            phrases: Vec::new(),
            first: HashMap::new(),
            names,
        };
        for (index, entry) in entries.iter().enumerate() {
            entry
                .words
                .iter()
                .for_each(|phrase| lexicon.add(phrase, entry.form, Means::Entry(index)));
        }
        for (index, (name, members)) in classes.iter().enumerate() {
            // Short words: `notes` is not a form of `not`.
            let whole = ["no", "not", "turn", "means", "denied"].contains(&name.as_str());
            let form = if whole { Form::Whole } else { Form::Inflected };
            for phrase in members {
                lexicon.add(phrase, form, Means::Class(index));
            }
        }
        lexicon.entries = entries;
        for starts in lexicon.first.values_mut() {
            starts.sort_by_key(|&phrase| std::cmp::Reverse(lexicon.phrases[phrase].stems.len()));
        }
        lexicon
    }

    fn add(&mut self, phrase: &str, form: Form, means: Means) {
        let written: Vec<String> = words(phrase).map(|word| word.text.to_string()).collect();
        let stems: Vec<u32> = written
            .iter()
            .map(|word| {
                let next = self.stems.len() as u32;
                *self.stems.entry(stem(word)).or_insert(next)
            })
            .collect();
        if let Some(&first) = stems.first() {
            self.first.entry(first).or_default().push(self.phrases.len());
            self.phrases.push(Phrase { written, stems, form, means });
        }
    }

    /// The number of a class; a name that the catalogue has not is a mistake of the program.
    pub(super) fn class(&self, name: &str) -> usize {
        *self.names.get(name).expect("a test knows the names of classes")
    }

    /// The number of a word's stem, if the catalogue has it. A name with a version or a size is the name:
    /// `YOLOv8n` is `yolo`, `8xA100` is `a100`.
    pub(super) fn stem(&self, word: &str) -> Option<u32> {
        let whole = stem(word);
        if let Some(&found) = self.stems.get(&whole) {
            return Some(found);
        }
        let digit = whole.find(|c: char| c.is_ascii_digit())?;
        let name = match whole.get(..digit) {
            Some("") => {
                let after = whole.trim_start_matches(|c: char| c.is_ascii_digit());
                after.strip_prefix(['x', '×']).filter(|name| name.len() > 2)?
            }
            name => name.filter(|name| name.len() > 2)?,
        };
        self.stems.get(name).or_else(|| self.stems.get(name.strip_suffix('v')?)).copied()
    }

    /// Phrases that may begin with a stem, the longest first.
    pub(super) fn starting(&self, stem: u32) -> impl Iterator<Item = &Phrase> {
        self.first.get(&stem).into_iter().flatten().filter_map(|&phrase| self.phrases.get(phrase))
    }
}

impl Phrase {
    /// Whether the words, whose stems are this phrase's, are written as the phrase asks for.
    pub(super) fn fits<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> bool {
        self.written.iter().all(|written| {
            words.next().is_some_and(|word| match self.form {
                Form::Inflected => true,
                Form::Whole => {
                    let uncounted = word.trim_start_matches(|c: char| c.is_ascii_digit());
                    let uncounted = uncounted.strip_prefix('x').unwrap_or(word);
                    [word, uncounted].iter().any(|word| word.eq_ignore_ascii_case(written))
                }
                Form::Exact => word.contains(written.as_str()),
            })
        })
    }
}
