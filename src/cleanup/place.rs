//! From what a store says of a folder to where it is, or why it is not touched.
//!
//! A folder is removed only where its URI is exactly the one that MLflow gives a run of that experiment. That one
//! rule stops nearly everything that a crafted URI can try: another folder, `..`, encodings that a server decodes again.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use super::facts::{Snapshot, Uri};

/// A folder of artifacts that may be removed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Place {
    /// Names of folders, from a folder whose own path is vouched for.
    Local { root: PathBuf, names: Vec<String> },
    /// Path on the artifact server, without a slash at its ends.
    Proxy { path: String },
}

/// Which folders this machine reaches.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Beneath which local folders must lie.
    pub root: Option<Root>,
    /// The person has named that root: artifacts of a server are there too.
    pub is_named: bool,
    /// A tracking server hands artifacts on.
    pub has_proxy: bool,
}

#[derive(Debug, Clone)]
pub struct Root {
    /// Absolute, as it was given.
    pub given: PathBuf,
    /// The same with links resolved.
    pub real: PathBuf,
}

/// A path as a store names it: where it is kept, and the names on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    is_local: bool,
    names: Vec<String>,
}

impl Spot {
    fn read(uri: &str) -> Result<Self, String> {
        let scheme = uri.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
        let (is_local, path) = match scheme {
            None => (true, uri.to_owned()),
            Some(("file", rest)) => {
                let path = without_host(rest).ok_or_else(|| format!("{uri} names a host"))?;
                let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
                (true, decoded.map_err(|_| format!("{uri} is no UTF-8"))?.into_owned())
            }
            Some(("mlflow-artifacts", rest)) => {
                let path = without_host(rest).ok_or_else(|| format!("{uri} names a host"))?;
                if path.contains('%') {
                    return Err(format!("{uri} is encoded, which a server may decode twice"));
                }
                (false, path.to_owned())
            }
            Some((scheme, _)) => return Err(format!("artifacts of {scheme}: are not supported")),
        };
        if uri.contains(['?', '#']) {
            return Err(format!("{uri} has a query or a fragment"));
        }
        let names = path.strip_prefix('/').ok_or_else(|| format!("{uri} is a relative path"))?;
        let names: Vec<String> = names.split('/').map(str::to_owned).collect();
        match names.iter().find_map(|name| wrong_name(name)) {
            Some(wrong) => Err(format!("{uri} {wrong}")),
            None => Ok(Self { is_local, names }),
        }
    }

    fn text(&self) -> String {
        format!("{}/{}/", if self.is_local { "local:" } else { "proxy:" }, self.names.join("/"))
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `///path` and `/path`, but not `//host/path`.
fn without_host(rest: &str) -> Option<&str> {
    match rest.strip_prefix("//") {
        Some(path) => path.starts_with('/').then_some(path),
        None => Some(rest),
    }
}

fn wrong_name(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    if name.is_empty() {
        Some("has an empty name in it")
    } else if name == "." || name == ".." {
        Some("has . or .. in it")
    } else if ["%2e", "%2f", "%25", "%5c"].iter().any(|code| lower.contains(code)) {
        Some("is encoded more than once")
    } else if name.contains(|c: char| c.is_control() || c == '\\') {
        Some("has a control character or a backslash in it")
    } else {
        None
    }
}

impl Access {
    fn place(&self, spot: Spot) -> Result<Place, String> {
        let Spot { is_local, names } = spot;
        if !is_local && self.has_proxy && !self.is_named {
            return Ok(Place::Proxy { path: names.join("/") });
        }
        let Some(root) = &self.root else {
            return Err(
                "its artifacts are in a folder of the server (--artifact-root names it where \
                        it is on this machine)"
                    .to_owned(),
            );
        };
        if !is_local {
            return if self.is_named {
                Ok(Place::Local { root: root.real.clone(), names })
            } else {
                Err("its artifacts are on a server (--artifact-root names their folder where it \
                     is on this machine)"
                    .to_owned())
            };
        }
        let path = Path::new("/").join(names.join("/"));
        let beneath =
            [&root.given, &root.real].into_iter().find_map(|root| path.strip_prefix(root).ok());
        let Some(beneath) = beneath else {
            return Err(format!(
                "its artifacts are outside {} (--artifact-root names another root)",
                root.given.display()
            ));
        };
        let names = beneath.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        Ok(Place::Local { root: root.real.clone(), names: names.collect() })
    }
}

/// Every folder that a snapshot knows, to see what one that is to be removed would take with it.
#[derive(Debug)]
pub struct Places<'s> {
    snapshot: &'s Snapshot,
    access: &'s Access,
    /// Those that are not where their experiment's are, and the experiments' own.
    others: BTreeSet<String>,
    /// Of runs and models alone.
    claimed: HashSet<String>,
}

impl<'s> Places<'s> {
    pub fn new(snapshot: &'s Snapshot, access: &'s Access) -> Self {
        let unusual = |uri: &Uri| match uri {
            Uri::Usual => None,
            Uri::Other(text) => Some(Spot::read(text).ok()?.text()),
        };
        let claimed: HashSet<String> = snapshot
            .runs
            .iter()
            .map(|run| &run.uri)
            .chain(snapshot.models.iter().map(|model| &model.uri))
            .filter_map(unusual)
            .collect();
        let locations = snapshot.scopes.iter().map(|scope| &scope.experiment.location);
        let locations = locations
            .chain(&snapshot.other_locations)
            .filter_map(|location| Some(Spot::read(bare(location)).ok()?.text()));
        let others = locations.chain(claimed.iter().cloned()).collect();
        Self { snapshot, access, others, claimed }
    }

    /// The folder of an experiment.
    pub fn experiment(&self, index: u32) -> Result<Place, String> {
        let location = &self.snapshot.scopes[index as usize].experiment.location;
        self.access.place(Spot::read(bare(location))?)
    }

    /// The folder of a run (`folder` is empty) or of a logged model (`models/`).
    pub fn find(
        &self,
        experiment: u32,
        folder: &str,
        id: &str,
        uri: &Uri,
    ) -> Result<Place, String> {
        let location = &self.snapshot.scopes[experiment as usize].experiment.location;
        if let Uri::Other(text) = uri {
            // What is wrong with it says more than that it is another.
            Spot::read(text)?;
            return Err(format!("its artifacts are elsewhere than the experiment's: {text}"));
        }
        if id.contains('/') || wrong_name(id).is_some() {
            return Err(format!("its id {id:?} is no name of a folder"));
        }
        Spot::read(bare(location))?;
        let spot = Spot::read(&uri.text(location, folder, id))?;
        let text = spot.text();
        let inside = self.others.range(text.clone()..).next();
        if inside.is_some_and(|other| other.starts_with(&text)) {
            return Err("artifacts of another run or experiment lie in its folder".to_owned());
        }
        let mut around = text.match_indices('/').map(|(end, _)| &text[..=end]);
        if !self.claimed.is_empty() && around.any(|folder| self.claimed.contains(folder)) {
            return Err("its folder lies in the artifacts of another run".to_owned());
        }
        self.access.place(spot)
    }
}

fn bare(location: &str) -> &str {
    location.strip_suffix('/').unwrap_or(location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_places() {
        for uri in ["/a/1/x/artifacts", "file:///a/1/x/artifacts", "file:/a/1/x/artifacts"] {
            let spot = Spot::read(uri).unwrap();
            assert!(spot.is_local && spot.names == ["a", "1", "x", "artifacts"], "{uri}");
        }
        assert!(!Spot::read("mlflow-artifacts:/1/x").unwrap().is_local);
        assert_eq!(Spot::read("file:///a%20b").unwrap().names, ["a b"]);
        for (uri, wrong) in [
            ("file://host/a", "host"),
            ("mlflow-artifacts://host:5000/a", "host"),
            ("/a/../b", ".."),
            ("/a/./b", "."),
            ("/a//b", "empty"),
            ("/a/b/", "empty"),
            ("/a/%2e%2e/b", "encoded"),
            ("file:///a/%2e%2e/b", ".."),
            ("file:///a/%252e%252e/b", "encoded"),
            ("file:///a/%2f/b", "empty"),
            ("mlflow-artifacts:/a/%62", "encoded"),
            ("file:///a?b", "query"),
            ("/a#b", "query"),
            ("s3://bucket/a", "s3"),
            ("a/b", "relative"),
            ("./a", "relative"),
            ("/a\\b", "backslash"),
            ("/a/\u{0}b", "control"),
            ("", "relative"),
        ] {
            let error = Spot::read(uri).unwrap_err();
            assert!(error.contains(wrong), "{uri}: {error}");
        }
    }
}
