//! Whether the circuit breakers let calls pass.

use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Shared};
use crate::core::breaker::{State, View, views};
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::name::Name;
use crate::core::output::units::long_duration;
use crate::health::{Asked, BREAKERS, Datum, Options, Probe, Status, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "breaker",
    fields: &["breakers"],
    // A neighbour that is down must not have this machine restarted.
    is_critical: false,
    is_guarded: false,
    read,
    found,
};

#[derive(Debug)]
struct Breakers {
    /// None: all but those of the checks themselves.
    names: Option<Vec<Name>>,
}

fn read(asked: &Asked<'_>, _: &Context) -> Result<Shared, Fault> {
    let names = asked.get("breakers").and_then(Value::texts);
    let parse = |names: Vec<String>| {
        let parse = |name: &String| {
            name.parse().map_err(|wrong| asked.wrong("breakers", &format!("\"{name}\": {wrong}")))
        };
        names.iter().map(parse).collect::<Result<Vec<Name>, Fault>>()
    };
    Ok(Arc::new(Breakers { names: names.map(parse).transpose()? }))
}

#[expect(clippy::unnecessary_wraps, reason = "as all kinds have it")]
fn found(_: Options, _: &Context) -> Option<Shared> {
    Some(Arc::new(Breakers { names: None }))
}

impl Probe for Breakers {
    fn look(&self, _: Duration, ctx: &Context) -> Verdict {
        match views(&[], ctx) {
            Ok(mut views) => {
                views.retain(|view| match &self.names {
                    Some(names) => names.iter().any(|name| name.as_str() == view.name),
                    None => !view.name.starts_with(BREAKERS),
                });
                judge(&views, self.names.as_deref())
            }
            Err(fault) => Verdict::fail(format!("{:#}", anyhow::Error::from(fault))),
        }
    }
}

fn judge(views: &[View], names: Option<&[Name]>) -> Verdict {
    let status = |view: &View| match view.is {
        State::Closed => Status::Pass,
        State::HalfOpen | State::Disabled => Status::Warn,
        State::Open | State::ForcedOpen => Status::Fail,
    };
    // Under a name of the configuration nothing may have been called yet.
    let all = names.map_or(views.len(), <[Name]>::len);
    let told: Vec<&View> = views.iter().filter(|view| status(view) > Status::Pass).collect();
    let open = views.iter().filter(|view| status(view) == Status::Fail).count();
    let worst = views.iter().map(status).max().unwrap_or(Status::Pass);
    let output = match told.as_slice() {
        [] if all == 0 => "no breakers yet".to_owned(),
        [] => format!("{all} closed"),
        told => {
            let told: Vec<String> = told.iter().map(|view| tell(view)).collect();
            format!("{}; {} of {all} closed", told.join(", "), all - told.len())
        }
    };
    Verdict::new(worst, output).with(Datum::new("open", open as f64, "").limits(None, Some(1.0)))
}

/// `db open, next probe in 42 s`
fn tell(view: &View) -> String {
    let wait = view.retry_in_s.map(|s| format!(", next probe in {}", long_duration(s.max(0.0))));
    format!("{} {}{}", view.name, view.is.name().replace('_', " "), wait.unwrap_or_default())
}
