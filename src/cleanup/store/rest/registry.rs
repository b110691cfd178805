//! The model registry of a server.

use std::collections::{BTreeSet, HashMap};

use super::client::{Client, Refused};
use super::wire::{Page, RegisteredModel, VersionAnswer};
use crate::cleanup::facts::Version;
use crate::core::context::Context;
use crate::core::error::Fault;

pub(super) fn versions(client: &mut Client, ctx: &Context) -> Result<Vec<Version>, Fault> {
    // Versions do not tell all their aliases; the models do.
    let page =
        |client: &mut Client, token: Option<&str>| -> Result<Page<RegisteredModel>, Refused> {
            let query = page_of("1000", token);
            client.get("mlflow/registered-models/search", &query, ctx)
        };
    let mut aliases: HashMap<(String, String), BTreeSet<String>> = HashMap::new();
    client.pages(page, |models| {
        for model in models {
            for alias in model.aliases {
                let version = (model.name.clone(), alias.number());
                aliases.entry(version).or_default().insert(alias.alias);
            }
        }
    })?;
    let page = |client: &mut Client, token: Option<&str>| -> Result<Page<VersionAnswer>, Refused> {
        let query = page_of("10000", token);
        client.get("mlflow/model-versions/search", &query, ctx)
    };
    let mut versions = Vec::new();
    client.pages(page, |answers| {
        for answer in answers {
            let number = answer.number();
            let mut own =
                aliases.remove(&(answer.name.clone(), number.clone())).unwrap_or_default();
            own.extend(answer.aliases);
            versions.push(Version {
                model: answer.name,
                version: number,
                stage: answer.current_stage,
                aliases: own.into_iter().collect(),
                run: answer.run_id.filter(|run| !run.is_empty()),
                sources: [answer.source, answer.storage_location, answer.model_id]
                    .into_iter()
                    .flatten()
                    .filter(|source| !source.is_empty())
                    .collect(),
            });
        }
    })?;
    Ok(versions)
}

fn page_of<'t>(most: &'t str, token: Option<&'t str>) -> Vec<(&'t str, &'t str)> {
    let token = token.map(|token| ("page_token", token));
    std::iter::once(("max_results", most)).chain(token).collect()
}
