//! Breakers as they are shown.

use serde::Serialize;

use super::{Breakers, Listed, Rule, Seen, Settings, State, Totals, What};
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::{Fault, nearest};
use crate::core::name::Name;
use crate::core::state::{self, State as Database};
use crate::core::time::format_time;

/// A breaker at a moment.
#[derive(Debug, Serialize)]
pub struct View {
    pub name: String,
    pub state: &'static str,
    /// The same, but `half_open` where a wait is over and the next call probes.
    pub effective: &'static str,
    pub failures_in_window: usize,
    pub threshold: usize,
    /// Null where failures count until a success.
    pub window_s: Option<f64>,
    pub opened_at: Option<String>,
    pub changed_at: Option<String>,
    pub changed_by: Option<String>,
    /// Null where a call may be made now, or where a person must end it.
    pub retry_in_s: Option<f64>,
    pub reopen_count: u32,
    /// The oldest that is under way.
    pub probe: Option<Probe>,
    pub last_failure: Option<LastFailure>,
    pub totals: Totals,
    #[serde(skip)]
    pub since_s: Option<f64>,
    #[serde(skip)]
    pub is: State,
}

#[derive(Debug, Serialize)]
pub struct Probe {
    pub pid: u32,
    pub since: String,
}

#[derive(Debug, Serialize)]
pub struct LastFailure {
    pub at: String,
    #[serde(flatten)]
    pub what: What,
}

/// The breakers of these names, or all. A name that nothing was ever called under is a mistake, unless the
/// configuration has it.
pub fn views(names: &[Name], ctx: &Context) -> Result<Vec<View>, Fault> {
    let folder = state::folder(&ctx.config, &ctx.env)?;
    ctx.out.note(format!("the state is in {}", folder.display()));
    let listed = match Database::open_to_read(&folder)? {
        Some(database) => {
            if database.may_be_stale {
                ctx.out.warn("the newest changes may be missing: their log cannot be read");
            }
            Breakers::of(&database).all()?
        }
        None => Vec::new(),
    };
    if names.is_empty() {
        return listed.into_iter().map(|own| view(own, ctx)).collect();
    }
    let mut listed: Vec<Option<Listed>> = listed.into_iter().map(Some).collect();
    let mut pick = |name: &Name| {
        let found = listed.iter_mut().find(|own| own.as_ref().is_some_and(|(n, _)| n == name));
        match found.and_then(Option::take) {
            Some(own) => view(own, ctx),
            None if is_configured(name, ctx) => view((name.clone(), Ok(Seen::fresh())), ctx),
            None => {
                let known = listed.iter().flatten().map(|(name, _)| name.as_str());
                Err(unknown(name, known))
            }
        }
    };
    names.iter().map(&mut pick).collect()
}

fn is_configured(name: &Name, ctx: &Context) -> bool {
    let prefix = format!("breakers.{name}.");
    ctx.config.entries().any(|entry| entry.name.starts_with(&prefix))
}

pub fn unknown<'n>(name: &Name, known: impl Iterator<Item = &'n str>) -> Fault {
    let fault = Fault::usage(format!("nothing was called under the breaker {name} yet"));
    match nearest(name.as_str(), known) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault.hint("`ut breaker-status` lists all there are"),
    }
}

fn view((name, seen): Listed, ctx: &Context) -> Result<View, Fault> {
    let Seen { record, now, was_damaged } = seen?;
    if was_damaged {
        ctx.out.warn(format!("the record of {name} is damaged: the next call begins it anew"));
    }
    let settings = Settings::from_config(&ctx.config.for_breaker(&name), None);
    let wall = clock::now();
    // The breaker's time need not be the wall clock's: what counts is how long ago something was.
    let ago = |at: i64| now.saturating_sub(at);
    let when = |at: i64| format_time(wall.saturating_sub(ago(at).saturating_mul(1000)));
    let is = record.effective(now);
    let wait =
        record.open_until.filter(|_| is != State::HalfOpen).map(|until| until.saturating_sub(now));
    let oldest = record.leases.iter().min_by_key(|lease| lease.granted_at);
    Ok(View {
        name: name.to_string(),
        state: record.state.name(),
        effective: is.name(),
        failures_in_window: record.failures(&settings, now),
        threshold: settings.threshold,
        window_s: (settings.rule == Rule::Count).then_some(settings.window as f64 / 1000.0),
        opened_at: record.opened_at.map(when),
        changed_at: record.changed_at.map(when),
        changed_by: record.changed_by.clone(),
        retry_in_s: wait.map(|wait| wait as f64 / 1000.0),
        reopen_count: record.reopen_count,
        probe: oldest.map(|lease| Probe { pid: lease.holder.pid, since: when(lease.granted_at) }),
        last_failure: record
            .last_failure
            .as_ref()
            .map(|failure| LastFailure { at: when(failure.at), what: failure.what.clone() }),
        since_s: record.changed_at.map(|at| ago(at) as f64 / 1000.0),
        is,
        totals: record.totals,
    })
}
