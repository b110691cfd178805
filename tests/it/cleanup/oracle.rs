//! The policy once more, as plainly as it can be said, held against plans of stores of all three kinds.

use std::collections::BTreeMap;

use super::server::Server;
use super::world::{DAY, Model, NOW, Run, Version, World};
use super::{actions, plan};
use crate::support::Sandbox;

struct Policy {
    retention: i64,
    top: usize,
    is_min: bool,
    min_keep: usize,
}

/// What becomes of every run that is not soft-deleted.
fn expected(world: &World, policy: &Policy) -> BTreeMap<String, String> {
    let active = || world.runs.iter().filter(|run| !run.is_deleted);
    let find = |id: &str| world.runs.iter().find(|run| run.id == *id);
    let ranked = |experiment: usize| {
        let finite = |run: &&Run| run.metric.is_some_and(|m| m.is_finite() && m.abs() < f64::MAX);
        let mut all: Vec<&Run> =
            active().filter(|run| run.experiment == experiment).filter(finite).collect();
        all.sort_by(|a, b| {
            let (x, y) = (a.metric.unwrap() + 0.0, b.metric.unwrap() + 0.0);
            let by = if policy.is_min { x.total_cmp(&y) } else { y.total_cmp(&x) };
            by.then(b.start.cmp(&a.start)).then(a.id.cmp(&b.id))
        });
        all
    };
    let is_registered = |run: &Run| {
        world.versions.iter().any(|version| {
            let model = world.models.iter().find(|model| version.source.contains(&model.id));
            version.run.as_deref() == Some(&run.id)
                || version.source.contains(&run.id)
                || model.is_some_and(|model| model.run == run.id || model.used_by.contains(&run.id))
        })
    };
    let has_tag = |run: &Run| {
        run.tags.iter().any(|(key, value)| {
            let value = value.trim().to_lowercase();
            (key == "stage" && value == "production") || (key == "protected" && value == "true")
        })
    };
    let is_protected = |run: &Run| {
        ["RUNNING", "SCHEDULED"].contains(&run.status) || has_tag(run) || is_registered(run)
    };
    let mut kept: BTreeMap<&str, bool> = BTreeMap::new();
    for run in active() {
        let ranking = ranked(run.experiment);
        let last = run.start.max(run.end.unwrap_or(0));
        let keep = is_protected(run)
            || run.start <= 0
            || NOW - last <= policy.retention * DAY
            || (policy.top > 0
                && (ranking.is_empty()
                    || ranking.iter().take(policy.top).any(|best| best.id == run.id)));
        kept.insert(&run.id, keep);
    }
    // Descendants of what is protected.
    for run in active() {
        let (mut own, mut steps) = (run, 0);
        let active = |parent: &&Run| !parent.is_deleted;
        while let Some(parent) = own.parent.as_deref().and_then(find).filter(active)
            && steps < 50
        {
            if is_protected(parent) {
                kept.insert(&run.id, true);
            }
            (own, steps) = (parent, steps + 1);
        }
    }
    for experiment in 0..world.experiments.len() {
        let own = |run: &&Run| run.experiment == experiment;
        let stay = active().filter(own).filter(|run| kept[run.id.as_str()]).count();
        let mut go: Vec<&Run> = active().filter(own).filter(|run| !kept[run.id.as_str()]).collect();
        let ranking = ranked(experiment);
        let rank =
            |run: &Run| ranking.iter().position(|best| best.id == run.id).unwrap_or(usize::MAX);
        go.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.start.cmp(&a.start)).then(a.id.cmp(&b.id)));
        for run in go.into_iter().take(policy.min_keep.saturating_sub(stay)) {
            kept.insert(&run.id, true);
        }
    }
    // Ancestors of what is kept, and the runs whose models it uses.
    for _ in 0..world.runs.len() {
        for run in active().filter(|run| kept[run.id.as_str()]).collect::<Vec<_>>() {
            let used = world.models.iter().filter(|model| model.used_by.contains(&run.id));
            let sources = used.map(|model| model.run.as_str());
            for other in run.parent.as_deref().into_iter().chain(sources) {
                if let Some(own) = kept.get_mut(other) {
                    *own = true;
                }
            }
        }
    }
    let word = |keep: bool| if keep { "keep" } else { "delete" }.to_owned();
    kept.into_iter().map(|(id, keep)| (id.to_owned(), word(keep))).collect()
}

fn pick<'t, T>(chance: &mut fastrand::Rng, from: &'t [T]) -> &'t T {
    &from[chance.usize(..from.len())]
}

/// Any store: relatives in circles, ties, odd numbers, references of every kind.
fn any_world(chance: &mut fastrand::Rng) -> World {
    let experiments = ["momentum", "pairs", "mean-reversion"];
    let count = chance.usize(1..=experiments.len());
    let mut world = World {
        experiments: experiments[..count].iter().map(|name| (*name).to_owned()).collect(),
        ..World::default()
    };
    let ids: Vec<String> =
        (0..chance.usize(1..40)).map(|_| format!("{:032x}", chance.u128(..))).collect();
    for id in &ids {
        // Few different times and numbers make ties.
        let mut run = Run::new(id, *pick(chance, &[1, 29, 30, 31, 40, 60, 90]));
        run.experiment = chance.usize(..count);
        run.status = *pick(
            chance,
            &[
                "FINISHED",
                "FINISHED",
                "FINISHED",
                "FINISHED",
                "FAILED",
                "KILLED",
                "RUNNING",
                "SCHEDULED",
            ],
        );
        run.metric = *pick(
            chance,
            &[
                None,
                Some(1.5),
                Some(1.5),
                Some(-0.0),
                Some(0.0),
                Some(2.0),
                Some(f64::NAN),
                Some(f64::INFINITY),
                Some(f64::NEG_INFINITY),
            ],
        );
        run.is_deleted = chance.u8(..10) == 0;
        match chance.u8(..12) {
            0 => run.start = 0,
            1 => run.end = None,
            2 => run.end = Some(NOW - DAY),
            3 => {
                let stage = *pick(chance, &["production", "Production", "dev"]);
                run = run.tag("stage", stage);
            }
            4 => {
                let value = *pick(chance, &["True", "false", "true "]);
                run = run.tag("protected", value);
            }
            _ => {}
        }
        if chance.u8(..3) == 0 {
            run.parent = Some(pick(chance, &ids[..]).clone());
        }
        world.runs.push(run);
    }
    for number in 0..chance.u32(..4) {
        world.models.push(Model {
            id: format!("m-{:032x}", chance.u128(..)),
            experiment: chance.usize(..count),
            run: pick(chance, &ids[..]).clone(),
            used_by: (0..chance.u8(..2)).map(|_| pick(chance, &ids[..]).clone()).collect(),
        });
        let run = pick(chance, &ids[..]);
        let model = &world.models[number as usize].id;
        let source = match chance.u8(..6) {
            0 => format!("runs:/{run}/model"),
            1 => format!("models:/{model}"),
            2 => format!("mlflow-artifacts:/1/{run}/artifacts/model"),
            3 => format!("/data/%2561/1/{run}/artifacts"),
            _ => String::new(),
        };
        if chance.bool() {
            world.versions.push(Version {
                name: "signal".to_owned(),
                number: number + 1,
                run: chance.bool().then(|| pick(chance, &ids[..]).clone()),
                source,
                stage: chance.bool().then(|| "Production".to_owned()),
                alias: chance.bool().then(|| format!("champion{number}")),
            });
        }
    }
    world
}

#[test]
fn for_any_store_and_policy_the_plan_is_the_same_from_all_three_stores_and_keeps_what_it_must() {
    let mut chance = fastrand::Rng::with_seed(7);
    for case in 0..60 {
        let world = any_world(&mut chance);
        let policy = Policy {
            retention: *pick(&mut chance, &[0, 30, 45]),
            top: *pick(&mut chance, &[1, 2, 5]),
            is_min: chance.bool(),
            min_keep: *pick(&mut chance, &[1, 3]),
        };
        let (days, top) = (policy.retention.to_string(), policy.top.to_string());
        let (mode, keep) = (if policy.is_min { "min" } else { "max" }, policy.min_keep.to_string());
        let args =
            ["--retention-days", &days, "--top-n", &top, "--mode", mode, "--min-keep", &keep];
        let sandbox = Sandbox::new();
        let server = Server::new(world.clone(), sandbox.path("artifacts"));
        let stores =
            [world.sqlite(&sandbox.path("")), world.files(&sandbox.path("")), server.uri.clone()];
        let expected = expected(&world, &policy);
        let mut plans = stores.iter().map(|uri| plan(&sandbox, uri, &args));
        let plans = [plans.next().unwrap(), plans.next().unwrap(), plans.next().unwrap()];
        for (plan, store) in plans.iter().zip(["sqlite", "files", "rest"]) {
            let got = actions(plan);
            let wrong: Vec<_> =
                expected.iter().filter(|(id, want)| got.get(*id) != Some(want)).collect();
            let wrong: Vec<_> =
                wrong.into_iter().map(|(id, want)| (id, want, super::reasons(plan, id))).collect();
            assert!(wrong.is_empty(), "case {case}, {store}: {wrong:?} in {world:#?}");
            assert_eq!(got.len(), expected.len(), "case {case}, {store}");
        }
        let sorted = |plan: &serde_json::Value| {
            let mut runs = plan["runs"].as_array().unwrap().clone();
            runs.sort_by_key(|run| run["run_id"].as_str().unwrap().to_owned());
            runs
        };
        assert_eq!(sorted(&plans[0]), sorted(&plans[1]), "case {case}");
        assert_eq!(sorted(&plans[0]), sorted(&plans[2]), "case {case}");
    }
}
