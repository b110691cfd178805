//! What is known of images that many stacks run. It is data, a table an image with its evidence; of what is not in it
//! nothing is claimed.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use super::pattern::matches;

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Database,
    Cache,
    Broker,
    /// ZooKeeper, etcd, Consul.
    Coordinator,
    ObjectStore,
    Metrics,
    Dashboard,
    /// MLflow and its like.
    Registry,
    ModelServer,
    Trainer,
    Proxy,
    /// A language or a system to build on.
    Base,
    Other,
}

/// An entry of the table. Of what is not given, nothing is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Repositories, with the registry where it is not Docker's: `postgres`, `ghcr.io/mlflow/mlflow`. `*` is any text.
    pub names: Vec<String>,
    /// Tags that it holds for, with `*`; all of them where none are given.
    #[serde(default)]
    pub tags: Vec<String>,
    pub kind: Option<Kind>,
    /// Where data lies that must outlive the container.
    #[serde(default)]
    pub data: Vec<String>,
    /// Ports that nobody outside should reach.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Programs that are known to be in it.
    #[serde(default)]
    pub has: Vec<String>,
    /// Programs that are known not to be in it; `sh` means that no shell is.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// A line for `CMD-SHELL` that tells whether it is well.
    pub health: Option<String>,
    /// The image has a `HEALTHCHECK` of its own.
    pub carries_healthcheck: Option<bool>,
    /// How long it needs to stop in good order, in seconds.
    pub grace_seconds: Option<u64>,
    /// How long it usually needs until it answers, in seconds.
    pub start_seconds: Option<u64>,
    /// A limit to begin with: `1g`.
    pub memory: Option<String>,
    pub cpus: Option<f64>,
    /// It runs on a Java virtual machine.
    pub jvm: Option<bool>,
    /// It computes on GPUs.
    pub gpu: Option<bool>,
    /// Where all this is to be seen.
    pub evidence: String,
}

#[derive(Deserialize)]
struct Table {
    image: Vec<Image>,
}

static TABLE: LazyLock<Vec<Image>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("images.toml"))
        .expect("images.toml is held to be readable by a test");
    #[cfg(test)]
    let table = Table { image: [table.image, tests::images()].concat() };
    table.image
});

/// Where entries stand in the table.
#[derive(Default)]
struct Index {
    names: HashMap<&'static str, Vec<usize>>,
    /// Those that have a pattern among their names.
    patterns: Vec<usize>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index::default();
    for (at, image) in TABLE.iter().enumerate() {
        if image.names.iter().any(|name| name.contains('*')) {
            index.patterns.push(at);
        } else {
            image.names.iter().for_each(|name| index.names.entry(name).or_default().push(at));
        }
    }
    index
});

/// All entries, the special ones before the general ones.
pub fn all() -> &'static [Image] {
    &TABLE
}

/// The entries that hold for one image, in the order of the table: the first that says something counts.
#[derive(Debug, Clone, Default)]
pub struct Known(Vec<&'static Image>);

impl Image {
    /// Whether it is of this repository, at some tag.
    pub fn is_of(&self, repository: &str) -> bool {
        self.names.iter().any(|name| matches(name, repository))
    }
}

/// What is known of a repository at a tag. Without a tag, only what holds for all of them.
pub fn known(repository: &str, tag: Option<&str>) -> Known {
    let is_of = |tag| move |known: &String| matches(known, tag);
    let holds = |image: &&Image| {
        image.is_of(repository)
            && (image.tags.is_empty() || tag.is_some_and(|tag| image.tags.iter().any(is_of(tag))))
    };
    let named = INDEX.names.get(repository).map(Vec::as_slice).unwrap_or_default();
    let mut all: Vec<usize> = named.iter().chain(&INDEX.patterns).copied().collect();
    all.sort_unstable();
    Known(all.into_iter().map(|at| &TABLE[at]).filter(holds).collect())
}

impl Known {
    fn first<T>(&self, of: impl Fn(&'static Image) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|image| of(image))
    }

    fn list<T>(&self, of: impl Fn(&'static Image) -> &'static [T]) -> &'static [T] {
        self.first(|image| Some(of(image)).filter(|list| !list.is_empty())).unwrap_or_default()
    }

    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn kind(&self) -> Option<Kind> {
        self.first(|image| image.kind)
    }

    /// Paths, absolute.
    pub fn data(&self) -> &'static [String] {
        self.list(|image| &image.data)
    }

    pub fn ports(&self) -> &'static [u16] {
        self.list(|image| &image.ports)
    }

    /// Whether a program is in the image; `None` where nobody knows.
    pub fn has_program(&self, name: &str) -> Option<bool> {
        self.first(|image| {
            let is_in = |list: &[String]| list.iter().any(|known| known == name);
            if is_in(&image.lacks) {
                return Some(false);
            }
            is_in(&image.has).then_some(true)
        })
    }

    pub fn health(&self) -> Option<&'static str> {
        self.first(|image| image.health.as_deref())
    }

    pub fn carries_healthcheck(&self) -> Option<bool> {
        self.first(|image| image.carries_healthcheck)
    }

    pub fn grace(&self) -> Option<Duration> {
        self.first(|image| image.grace_seconds).map(Duration::from_secs)
    }

    pub fn start(&self) -> Option<Duration> {
        self.first(|image| image.start_seconds).map(Duration::from_secs)
    }

    pub fn memory(&self) -> Option<&'static str> {
        self.first(|image| image.memory.as_deref())
    }

    pub fn cpus(&self) -> Option<f64> {
        self.first(|image| image.cpus)
    }

    pub fn is_jvm(&self) -> bool {
        self.first(|image| image.jvm).unwrap_or(false)
    }

    pub fn is_gpu(&self) -> bool {
        self.first(|image| image.gpu).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images that there are in tests only, so that tests of rules do not hang on what is known of real ones.
    pub(super) fn images() -> Vec<Image> {
        let table: Table = toml::from_str(include_str!("for_tests.toml")).unwrap();
        table.image
    }

    #[test]
    fn checks_of_images_are_known_by_tag() {
        let carries = |name, tag| known(name, Some(tag)).carries_healthcheck();
        assert_eq!(carries("confluentinc/cp-kafka-connect", "7.0.1"), Some(true));
        assert_eq!(carries("confluentinc/cp-kafka-connect-base", "5.4.0-beta1"), Some(true));
        assert_eq!(carries("confluentinc/cp-kafka-connect", "5.0.0"), None);
        assert_eq!(carries("confluentinc/cp-server-connect", "7.0.1"), None);
    }

    #[test]
    fn every_entry_has_its_evidence_and_says_something() {
        for image in all() {
            assert!(image.evidence.len() > 10, "{:?}", image.names);
            assert!(!image.names.is_empty());
            for path in &image.data {
                assert!(path.starts_with('/') && !path.ends_with('/'), "{path}");
            }
            if let Some(memory) = &image.memory {
                assert!(crate::compose::bytes(memory).is_some(), "{memory}");
            }
        }
    }
}
