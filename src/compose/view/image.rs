//! The image that a service runs, and what is known of it.

use super::Service;
use crate::compose::images::{self, Known};
use crate::compose::node::Node;

/// `registry/repository:tag@digest`, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compose) struct Reference<'m> {
    /// With the registry, but without `docker.io/` and `library/`: `postgres`, `ghcr.io/mlflow/mlflow`.
    pub(in crate::compose) repository: &'m str,
    pub(in crate::compose) tag: Option<&'m str>,
    pub(in crate::compose) digest: Option<&'m str>,
}

impl<'m> Reference<'m> {
    pub(in crate::compose) fn parse(text: &'m str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let name = rest.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match rest[name..].split_once(':') {
            Some((short, tag)) => (&rest[..name + short.len()], Some(tag)),
            None => (rest, None),
        };
        // Docker's own registry, and copies of its library.
        let docker = ["index.docker.io/", "docker.io/", "public.ecr.aws/docker/", "mirror.gcr.io/"];
        let repository =
            docker.iter().find_map(|host| repository.strip_prefix(host)).unwrap_or(repository);
        let repository = repository.strip_prefix("library/").unwrap_or(repository);
        Self { repository, tag: tag.filter(|tag| !tag.is_empty()), digest }
    }
}

impl<'m> Service<'m> {
    pub(in crate::compose) fn image(&self) -> Option<Reference<'m>> {
        self.text(&["image"]).map(Reference::parse)
    }

    pub(in crate::compose) fn image_node(&self) -> Option<&'m Node> {
        self.get(&["image"])
    }

    /// What is known of the image. Of one that is built here nothing is, whatever it is called.
    pub(in crate::compose) fn known(&self) -> Known {
        match self.image() {
            Some(image) if !self.is_built() => {
                // Of a digest nobody knows the tag, nor of a variable that is not set.
                let is_latest = image.digest.is_none()
                    && !self.text(&["image"]).is_some_and(|t| t.ends_with(':'));
                let tag = image.tag.or(is_latest.then_some("latest"));
                images::known(image.repository, tag)
            }
            _ => Known::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_parts() {
        for (text, repository, tag, digest) in [
            ("postgres", "postgres", None, None),
            ("postgres:17-alpine", "postgres", Some("17-alpine"), None),
            ("docker.io/library/redis:7", "redis", Some("7"), None),
            ("localhost:5000/a/b", "localhost:5000/a/b", None, None),
            ("localhost:5000/b:1@sha256:ab", "localhost:5000/b", Some("1"), Some("sha256:ab")),
            ("a@sha256:ab", "a", None, Some("sha256:ab")),
            ("a:", "a", None, None),
            ("public.ecr.aws/docker/library/redis:7", "redis", Some("7"), None),
            ("public.ecr.aws/a/b", "public.ecr.aws/a/b", None, None),
        ] {
            assert_eq!(Reference::parse(text), Reference { repository, tag, digest }, "{text}");
        }
    }
}
