//! An MLflow tracking server.

mod artifacts;
mod auth;
mod client;
mod registry;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};

use self::client::{Client, Refused};
use self::wire::{Experiment, ModelAnswer, Page, RunAnswer};
use super::{Deletable, Listing, Metadata, Proxy, Store};
use crate::cleanup::facts::{self, Link, LoggedModel, Millis, Run, Scope, Snapshot, Uri, Version};
use crate::cleanup::place::Access;
use crate::cleanup::plan::ranks;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::http::{Repeat, shown};
use crate::core::output::Unit;

/// Runs to a page: the server's work grows faster than the page.
const PAGE: usize = 1000;
/// Logged models to a page, at most.
const MODELS: usize = 50;
const NESTED: &str = "tags.`mlflow.parentRunId` LIKE '%'";

pub(super) struct Rest {
    client: Client,
    name: String,
    identity: String,
    /// When the runs were read, by the server's clock.
    read_at: Millis,
}

impl Rest {
    pub(super) fn open(url: &Url, ctx: &Context) -> Result<Self, Fault> {
        let client = Client::open(url, ctx)?;
        let name = shown(&client.base).trim_end_matches('/').to_owned();
        let identity = format!("http:{name}");
        Ok(Self { client, name, identity, read_at: 0 })
    }

    fn search_runs(
        &mut self,
        experiments: &[&str],
        view: &str,
        filter: &str,
        ctx: &Context,
        mut take: impl FnMut(Vec<RunAnswer>),
    ) -> Result<(), Fault> {
        if experiments.is_empty() {
            return Ok(());
        }
        let page = |client: &mut Client, token: Option<&str>| -> Result<Page<RunAnswer>, Refused> {
            let mut body = json!({
                "experiment_ids": experiments, "run_view_type": view, "max_results": PAGE,
            });
            add(&mut body, "filter", (!filter.is_empty()).then_some(filter));
            add(&mut body, "page_token", token);
            client.ask("mlflow/runs/search", &body, ctx)
        };
        Ok(self.client.pages(page, &mut take)?)
    }

    fn read_runs(
        &mut self,
        snapshot: &mut Snapshot,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<(), Fault> {
        let scopes = std::mem::take(&mut snapshot.scopes);
        let ids: HashMap<String, u32> = numbered(&scopes);
        let selected = |wanted: bool| -> Vec<&str> {
            let scopes = scopes.iter().filter(|scope| scope.is_selected == wanted);
            scopes.map(|scope| &*scope.experiment.id).collect()
        };
        let mut names: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut seen = HashSet::new();
        let progress = ctx.out.progress("reading runs", Unit::Items, None);
        let mut take = |answers: Vec<RunAnswer>| {
            progress.advance(answers.len() as u64);
            for answer in answers {
                let Some(index) = ids.get(&answer.info.experiment_id).copied() else { continue };
                // A run that was created meanwhile moves the others to the next page.
                if !seen.insert(answer.id().to_owned()) {
                    continue;
                }
                let run = answer.run(index, &scopes[index as usize]);
                let link = |model: &str| Link { run: run.id.clone(), model: model.into() };
                snapshot.links.extend(answer.models().map(link));
                if run.is_active {
                    let keys = answer.data.metrics.into_iter().map(|metric| metric.key);
                    names.entry(index).or_default().extend(keys);
                }
                snapshot.runs.push(run);
            }
        };
        let view = if with_deleted { "ALL" } else { "ACTIVE_ONLY" };
        self.search_runs(&selected(true), view, "", ctx, &mut take)?;
        self.search_runs(&selected(false), view, NESTED, ctx, &mut take)?;
        self.read_parents(&scopes, &ids, snapshot, ctx)?;
        for run in snapshot.runs.iter().filter(|run| run.is_active && ranks(run.metric)) {
            names.remove(&run.experiment);
        }
        names.retain(|index, _| {
            let scope = &scopes[*index as usize];
            scope.is_selected && scope.policy.top_n > 0
        });
        snapshot.metric_names = names.into_iter().collect();
        snapshot.scopes = scopes;
        Ok(())
    }

    /// Parents in experiments that were not asked for.
    fn read_parents(
        &mut self,
        scopes: &[Scope],
        ids: &HashMap<String, u32>,
        snapshot: &mut Snapshot,
        ctx: &Context,
    ) -> Result<(), Fault> {
        if scopes.iter().all(|scope| scope.is_selected) {
            return Ok(());
        }
        let mut known: HashSet<Box<str>> = snapshot.runs.iter().map(|run| run.id.clone()).collect();
        let mut queue: Vec<Box<str>> =
            snapshot.runs.iter().filter_map(|run| run.parent.clone()).collect();
        while let Some(id) = queue.pop() {
            if !known.insert(id.clone()) {
                continue;
            }
            let Some(answer) = self.get_run(&id, ctx)? else { continue };
            if let Some(index) = ids.get(&answer.info.experiment_id).copied() {
                let run = answer.run(index, &scopes[index as usize]);
                queue.extend(run.parent.clone());
                snapshot.runs.push(run);
            }
        }
        Ok(())
    }

    fn models(&mut self, scopes: &[Scope], ctx: &Context) -> Result<Vec<LoggedModel>, Fault> {
        let ids: Vec<&str> = scopes.iter().map(|scope| &*scope.experiment.id).collect();
        let experiments = numbered(scopes);
        let page =
            |client: &mut Client, token: Option<&str>| -> Result<Page<ModelAnswer>, Refused> {
                let mut body = json!({ "experiment_ids": ids, "max_results": MODELS });
                add(&mut body, "page_token", token);
                client.ask("mlflow/logged-models/search", &body, ctx)
            };
        let mut models = Vec::new();
        let listed = self.client.pages(page, |answers| {
            for ModelAnswer { info } in answers {
                let Some(experiment) = experiments.get(&info.experiment_id).copied() else {
                    continue;
                };
                let location = &scopes[experiment as usize].experiment.location;
                models.push(LoggedModel {
                    experiment,
                    is_active: true,
                    uri: Uri::new(&info.artifact_uri, location, "models/", &info.model_id),
                    source_run: info.source_run_id.filter(|run| !run.is_empty()).map(Into::into),
                    id: info.model_id.into(),
                });
            }
        });
        match listed {
            // MLflow 2 has none.
            Err(refused) if refused.status == Some(StatusCode::NOT_FOUND) => Ok(Vec::new()),
            listed => Ok(listed.map(|()| models)?),
        }
    }

    fn get_run(&mut self, id: &str, ctx: &Context) -> Result<Option<RunAnswer>, Fault> {
        #[derive(serde::Deserialize)]
        struct Answer {
            run: RunAnswer,
        }
        match self.client.get::<Answer>("mlflow/runs/get", &[("run_id", id)], ctx) {
            Ok(answer) => Ok(Some(answer.run)),
            Err(refused) if refused.status == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(refused) => Err(refused.fault),
        }
    }
}

fn add(body: &mut Value, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        body[key] = json!(value);
    }
}

fn numbered(scopes: &[Scope]) -> HashMap<String, u32> {
    (0..).zip(scopes).map(|(index, scope)| (scope.experiment.id.to_string(), index)).collect()
}

impl Store for Rest {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn access(&self) -> Access {
        Access { has_proxy: true, ..Access::default() }
    }

    fn clock_ahead(&self) -> Option<Millis> {
        self.client.ahead.map(|micros| micros / 1000)
    }

    fn experiments(&mut self, ctx: &Context) -> Result<Listing, Fault> {
        let page =
            |client: &mut Client, token: Option<&str>| -> Result<Page<Experiment>, Refused> {
                let mut body = json!({ "max_results": PAGE, "view_type": "ALL" });
                add(&mut body, "page_token", token);
                client.ask("mlflow/experiments/search", &body, ctx)
            };
        let mut listing = Listing::default();
        let listed = self.client.pages(page, |experiments| {
            for one in experiments {
                let location = one.artifact_location.into();
                if one.lifecycle_stage == "deleted" {
                    listing.deleted_locations.push(location);
                } else {
                    let (id, name) = (one.id.into(), one.name.into());
                    listing.active.push(facts::Experiment { id, name, location });
                }
            }
        });
        match listed {
            Err(refused) if refused.status == Some(StatusCode::NOT_FOUND) => {
                Err(refused.fault.hint("is this the address of an MLflow server?"))
            }
            listed => Ok(listed.map(|()| listing)?),
        }
    }

    fn read(
        &mut self,
        scopes: Vec<Scope>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot, Fault> {
        self.read_at = clock::now() / 1000 - self.clock_ahead().unwrap_or(0);
        let mut snapshot = Snapshot { scopes, ..Snapshot::default() };
        self.read_runs(&mut snapshot, with_deleted, ctx)?;
        snapshot.models = self.models(&snapshot.scopes, ctx)?;
        snapshot.versions = self.versions(ctx)?;
        Ok(snapshot)
    }

    fn look(
        &mut self,
        scopes: &[Scope],
        runs: &[&Run],
        ctx: &Context,
    ) -> Result<Vec<Option<Run>>, Fault> {
        // An id that would end its own quotation is looked for in vain.
        let ids = runs.iter().filter(|run| !run.id.contains('\''));
        let ids: Vec<String> = ids.map(|run| format!("'{}'", run.id)).collect();
        let filter = format!("attributes.run_id IN ({})", ids.join(", "));
        let own: HashSet<u32> = runs.iter().map(|run| run.experiment).collect();
        let own: Vec<&str> =
            own.into_iter().map(|index| &*scopes[index as usize].experiment.id).collect();
        let mut found: HashMap<String, RunAnswer> = HashMap::new();
        self.search_runs(&own, "ALL", &filter, ctx, |answers| {
            found.extend(answers.into_iter().map(|answer| (answer.id().to_owned(), answer)));
        })?;
        let now = |old: &&Run| {
            let scope = &scopes[old.experiment as usize];
            found
                .get(&*old.id)
                .filter(|answer| *answer.info.experiment_id == *scope.experiment.id)
                .map(|answer| answer.run(old.experiment, scope))
        };
        Ok(runs.iter().map(now).collect())
    }

    fn versions(&mut self, ctx: &Context) -> Result<Vec<Version>, Fault> {
        registry::versions(&mut self.client, ctx)
    }

    /// Nested runs that were started since the runs were read.
    fn children(
        &mut self,
        scopes: &[Scope],
        parents: &[&Run],
        ctx: &Context,
    ) -> Result<Vec<(String, String)>, Fault> {
        let ids: Vec<&str> = scopes.iter().map(|scope| &*scope.experiment.id).collect();
        let since = self.read_at.saturating_sub(60_000);
        let filter = format!("attributes.start_time > {since} AND {NESTED}");
        let mut children = Vec::new();
        self.search_runs(&ids, "ACTIVE_ONLY", &filter, ctx, |answers| {
            for answer in answers {
                let run = answer.run(0, &scopes[0]);
                let parent = run.parent.filter(|id| parents.iter().any(|run| run.id == *id));
                children.extend(parent.map(|parent| (run.id.into(), parent.into())));
            }
        })?;
        Ok(children)
    }

    fn describe(
        &mut self,
        _experiment: &str,
        run: &str,
        ctx: &Context,
    ) -> Result<Option<Metadata>, Fault> {
        Ok(self.get_run(run, ctx)?.map(|answer| answer.metadata()))
    }

    fn begin(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn abort(&mut self) {}

    /// The record of a logged model stays as it is: MLflow deletes it over REST, but has no way to bring it back.
    fn set_deleted(
        &mut self,
        what: &Deletable<'_>,
        at: Option<Millis>,
        ctx: &Context,
    ) -> Result<(), Fault> {
        let Some(run) = what.run else { return Ok(()) };
        let verb = if at.is_some() { "delete" } else { "restore" };
        let url = self.client.url(&format!("mlflow/runs/{verb}"));
        let body = json!({ "run_id": run });
        // The same twice does no harm.
        let repeat = Repeat::Freely;
        let sent =
            self.client.send(&Method::POST, &url, repeat, |request| request.json(&body), ctx);
        Ok(sent.map(drop)?)
    }

    fn proxy(&mut self) -> Option<&mut dyn Proxy> {
        Some(&mut self.client)
    }
}
