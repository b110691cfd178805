//! `package.json`.

use super::{Read, leaves};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads dependencies, name, description and keywords.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let whole = leaves::json(text, &mut |path, value, line| match path {
        ["name"] => read.name(Ecosystem::Npm, value, line, scope),
        ["description" | "keywords"] => read.about(value, line, scope),
        [kind, name] => {
            let scope = match *kind {
                "dependencies" | "peerDependencies" => scope,
                "optionalDependencies" => scope.max(Scope::Extra),
                "devDependencies" => scope.max(Scope::Dev),
                _ => return,
            };
            read.package(Ecosystem::Npm, (*name).to_owned(), value, line, scope);
        }
        // Only says whether a peer may be missing.
        ["peerDependenciesMeta", peer, "optional"] if value == "true" => {
            let peer = read.mentions.iter_mut().rev().take(200).find(|mention| {
                matches!(&mention.what, super::What::Package { name, .. } if name == peer)
            });
            if let Some(mention) = peer {
                mention.scope = mention.scope.max(Scope::Extra);
            }
        }
        _ => {}
    });
    read.partly_unless(whole, "not all of it is JSON")
}
