//! Maven's `pom.xml`, Gradle's `build.gradle(.kts)`, and .NET's projects.

use super::{Read, leaves::line_number};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads `pom.xml` tag by tag: dependencies with their scope, the project's name and description.
pub(super) fn pom(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut inside: Vec<&str> = Vec::new();
    let (mut group, mut artifact, mut version, mut of) = ("", "", "", scope);
    for tag in Tags::new(text) {
        if let Some(name) = tag.name.strip_prefix('/') {
            if name == "dependency" && !artifact.is_empty() {
                read.package(
                    Ecosystem::Maven,
                    format!("{group}:{artifact}"),
                    version,
                    tag.line,
                    of,
                );
            }
            if let Some(at) = inside.iter().rposition(|open| *open == name) {
                inside.truncate(at);
            }
            continue;
        }
        if tag.name == "dependency" {
            (group, artifact, version, of) = ("", "", "", scope);
        }
        match (inside.last(), tag.name) {
            (Some(&"dependency"), "groupId") => group = tag.text,
            (Some(&"dependency"), "artifactId") => artifact = tag.text,
            (Some(&"dependency"), "version") => version = tag.text,
            (Some(&"dependency"), "scope") if tag.text == "test" => of = of.max(Scope::Test),
            (Some(&"dependency"), "optional") if tag.text == "true" => of = of.max(Scope::Extra),
            (Some(&"project"), "artifactId") => {
                read.name(Ecosystem::Maven, tag.text, tag.line, scope);
            }
            (Some(&"project"), "description") => read.about(tag.text, tag.line, scope),
            _ => {}
        }
        if !tag.closed && inside.len() < 64 {
            inside.push(tag.name);
        }
    }
    read
}

/// Reads `*.csproj` and its like.
pub(super) fn dotnet(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for tag in Tags::new(text) {
        match tag.name {
            "PackageReference" | "PackageVersion" => {
                if let Some(name) = tag.attribute("Include") {
                    read.package(
                        Ecosystem::Nuget,
                        name.to_owned(),
                        tag.attribute("Version").unwrap_or_default(),
                        tag.line,
                        scope,
                    );
                }
            }
            "PackageId" => read.name(Ecosystem::Nuget, tag.text, tag.line, scope),
            "Description" | "PackageTags" => read.about(tag.text, tag.line, scope),
            _ => {}
        }
    }
    read
}

/// Reads Gradle's lines: `implementation("group:name:version")`, or with `group:` and `name:` apart.
pub(super) fn gradle(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let word = line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let lower = word.to_ascii_lowercase();
        if ![
            "implementation",
            "api",
            "compile",
            "compileonly",
            "runtimeonly",
            "runtime",
            "classpath",
        ]
        .iter()
        .any(|kind| lower.ends_with(kind))
        {
            continue;
        }
        let scope = if lower.contains("test") { scope.max(Scope::Test) } else { scope };
        let mut quoted = line.split(['"', '\'']).skip(1).step_by(2);
        let Some(first) = quoted.next() else { continue };
        let mut parts = first.splitn(3, ':');
        let group = parts.next().unwrap_or_default();
        let (artifact, version) = match parts.next() {
            Some(artifact) => (artifact, parts.next().unwrap_or_default()),
            None => (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default()),
        };
        if !artifact.is_empty() {
            read.package(
                Ecosystem::Maven,
                format!("{group}:{artifact}"),
                version,
                line_number(at),
                scope,
            );
        }
    }
    read
}

/// A tag of XML, what is written in it, and the text that follows up to the next.
struct Tag<'a> {
    /// With `/` before it where the tag closes another.
    name: &'a str,
    attributes: &'a str,
    /// Whether it closes itself.
    closed: bool,
    text: &'a str,
    line: u32,
}

impl<'a> Tag<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.attributes.split_once(name)?;
        rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?.split('"').next()
    }
}

struct Tags<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Tags<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// Steps over so many bytes and counts their lines.
    fn step(&mut self, bytes: usize) -> &'a str {
        let (over, rest) = self.rest.split_at(bytes);
        self.line =
            self.line.saturating_add(memchr::memchr_iter(b'\n', over.as_bytes()).count() as u32);
        self.rest = rest;
        over
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = memchr::memchr(b'<', self.rest.as_bytes())?;
            self.step(start + 1);
            if self.rest.starts_with("!--") {
                let end = self.rest.find("-->")?;
                self.step(end);
                continue;
            }
            let line = self.line;
            let end = memchr::memchr(b'>', self.rest.as_bytes())?;
            let inner = self.step(end);
            self.step(1);
            let text =
                &self.rest[..memchr::memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len())];
            let (name, attributes) =
                inner.split_at(inner.find([' ', '\n', '\t', '\r']).unwrap_or(inner.len()));
            let closed = inner.ends_with('/') || inner.starts_with(['!', '?']);
            return Some(Tag {
                name: name.trim_end_matches('/'),
                attributes,
                closed,
                text: text.trim(),
                line,
            });
        }
    }
}
