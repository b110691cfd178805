//! CV606.

use std::collections::HashSet;

use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::pattern::matches;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV606",
        name: "image-unpinned",
        severity: Severity::Warning,
        about: "an image has no version",
    },
    sets: PLATFORM,
    fix: None,
    why: "\
`latest`, and no tag at all, which means `latest`, is whatever the publisher pushed last. Two machines that bring up
the same stack run different programs, a restored backup meets a database of another major version that refuses it,
and nothing tells which version it was that worked.

A tag with a version, or better a digest (`image@sha256:…`, which nobody can move), makes an upgrade a change of the
file that can be reviewed and taken back. Tools such as Renovate and Dependabot make these changes.

Looked at is the image as it is after variables are put in: `${TAG:-latest}` is `latest` until somebody sets it.
Images that are built here, by the service itself or by another one of the stack, pass: their version is that of the
sources.

Other tags that move can be added: `moving-tags = [\"latest\", \"*-nightly\"]` under `[compose]` in ut.toml. In the set
`strict`, a tag without a digest is a note.",
    bad: "\
services:
  cache:
    image: redis
",
    good: "\
services:
  cache:
    image: redis:7.4.1
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let built = view.services.iter().filter(|service| service.is_built());
    let built: HashSet<(&str, &str)> = built
        .filter_map(Service::image)
        .map(|image| (image.repository, image.tag.unwrap_or("latest")))
        .collect();
    for service in view.services.iter().filter(|service| !service.is_built()) {
        let (Some(image), Some(node)) = (service.image(), service.image_node()) else { continue };
        let tag = image.tag.unwrap_or("latest");
        // A colon at the end is a variable that is not set.
        let is_cut = node.text().is_some_and(|text| text.trim().ends_with([':', '/', '@']));
        let is_local = built.contains(&(image.repository, tag))
            || matches!(service.text(&["pull_policy"]), Some("never" | "build"));
        let settings = view.settings;
        let moves = settings.moving_tags.iter().any(|known| matches(known, tag));
        if !(moves || settings.is_strict) || image.digest.is_some() || is_cut || is_local {
            continue;
        }
        let name = image.repository;
        let (severity, text) = match image.tag {
            Some(_) if !moves => (Severity::Note, format!("`{name}` has a tag and no digest")),
            Some(_) => (Severity::Warning, format!("`{name}` is at `{tag}`, which moves")),
            None => (Severity::Warning, format!("`{name}` has no tag, which means `latest`")),
        };
        let help = if moves {
            "give it the tag of a version, or a digest"
        } else {
            "add the digest: `@sha256:…`"
        };
        let finding = node.finding(&RULE.code, text).severity(severity);
        findings.add(finding.service(service.name).help(help));
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{of, of_with, settings};

    fn found(keys: &str) -> Vec<String> {
        of("CV606", &format!("services:\n  a:\n    {keys}\n"))
    }

    #[test]
    fn a_version_is_asked_for() {
        for (image, wanted) in [
            ("redis", "`redis` has no tag, which means `latest`"),
            ("redis:latest", "`redis` is at `latest`, which moves"),
            ("docker.io/library/redis", "`redis` has no tag, which means `latest`"),
            ("localhost:5000/a/b", "`localhost:5000/a/b` has no tag, which means `latest`"),
            ("a:${TAG:-latest}", "`a` is at `latest`, which moves"),
        ] {
            assert_eq!(found(&format!("image: {image}")), [format!("3:12 warning {wanted}")]);
        }
        for image in [
            "redis:7",
            "redis@sha256:ab",
            "redis:latest@sha256:ab",
            "a:latest-gpu",
            "a:${TAG:-1}",
            "'a:${TAG:-}'",
            "'${REPO:-}/:'",
        ] {
            assert!(found(&format!("image: {image}")).is_empty(), "{image}");
        }
    }

    #[test]
    fn what_moves_can_be_set_and_the_strict_set_asks_for_digests() {
        let text = "services: {a: {image: 'a:1.2'}, b: {image: 'b:1-nightly'}, c: {image: 'c@sha256:ab'}}\n";
        let mut settings = settings();
        assert_eq!(of_with("CV606", text, &settings), [""; 0]);
        settings.moving_tags = vec!["*-nightly".to_owned()];
        let moving = "1:44 warning `b` is at `1-nightly`, which moves";
        assert_eq!(of_with("CV606", text, &settings), [moving]);
        settings.is_strict = true;
        let found = of_with("CV606", text, &settings);
        assert_eq!(found, ["1:23 note `a` has a tag and no digest", moving]);
    }

    #[test]
    fn what_is_built_here_has_the_version_of_its_sources() {
        assert!(found("image: app:latest\n    build: .").is_empty());
        assert!(found("build: .").is_empty());
        assert!(found("image: app\n    pull_policy: never").is_empty());
        let text = "services:\n  a: {image: app, build: .}\n  b: {image: 'app:latest'}\n  c: {image: 'other'}\n";
        assert_eq!(of("CV606", text), ["4:14 warning `other` has no tag, which means `latest`"]);
    }
}
