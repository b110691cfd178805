//! Checks, from the configuration and from what is found.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::BREAKERS;
use super::kinds::{KINDS, Kind};
use super::verdict::Probe;
use crate::core::config::{Item, Value};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::name::Name;

const COMMON: [&str; 4] = ["name", "kind", "timeout", "critical"];
const TIMEOUT: Duration = Duration::from_secs(2);
/// What a scheduler that waits for an answer may be made to wait.
const LONGEST: Duration = Duration::from_secs(600);

/// One thing that is looked at.
#[derive(Debug, Clone)]
pub struct Check {
    pub name: Name,
    pub kind: &'static Kind,
    pub timeout: Duration,
    /// Whether its failure is one of the whole, or a warning.
    pub critical: bool,
    pub probe: Arc<dyn Probe>,
}

impl Check {
    /// The breaker that it asks before it looks.
    pub fn breaker(&self) -> Name {
        breaker(self.name.as_str()).expect("it was tried when the check was made")
    }
}

fn breaker(name: &str) -> Result<Name, &'static str> {
    format!("{BREAKERS}{name}").parse()
}

/// What is common to all checks and to all of a kind, beside what the configuration says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Per cent of a disk in use from which on it fails.
    pub disk_error: Option<f64>,
}

/// Every check: those that are configured, and for each kind that is not, what can be found here.
pub fn checks(options: Options, ctx: &Context) -> Result<Vec<Check>, Fault> {
    let items = ctx.config.items("health.check");
    let mut all: Vec<Check> = Vec::new();
    for item in items {
        let check = configured(item, options, ctx)?;
        if all.iter().any(|other| other.name == check.name) {
            let fault =
                Fault::usage(format!("{}: there are two checks `{}`", item.origin, check.name));
            return Err(fault.hint("give each its own `name`"));
        }
        all.push(check);
    }
    let is_unsaid = ctx.config.origin("health.defaults").is_none();
    if is_unsaid || ctx.config.is_on("health.defaults") {
        for kind in KINDS {
            if all.iter().all(|check| check.kind.name != kind.name)
                && let Some(probe) = (kind.found)(options, ctx)
            {
                let name: Name = kind.name.parse().expect("a kind is a name");
                // One of another kind may be called so.
                if all.iter().all(|check| check.name != name) {
                    let (timeout, critical) = (TIMEOUT, kind.is_critical);
                    all.push(Check { name, kind, timeout, critical, probe });
                }
            }
        }
    }
    Ok(all)
}

fn configured(item: &Item, options: Options, ctx: &Context) -> Result<Check, Fault> {
    let asked = Asked { item, options };
    let kind = asked.text("kind").ok_or_else(|| asked.lacks("kind"))?;
    let kind = KINDS.iter().find(|k| k.name == kind).expect("the configuration knows the kinds");
    for (field, value) in item.fields() {
        if !COMMON.contains(&field) && !kind.fields.contains(&field) {
            let of: Vec<&str> =
                KINDS.iter().filter(|k| k.fields.contains(&field)).map(|k| k.name).collect();
            let fault = Fault::usage(format!(
                "{}: `{field}` says nothing of a check of kind {}",
                value.origin, kind.name
            ));
            return Err(fault.hint(format!("it belongs to {}", of.join(", "))));
        }
    }
    let name = asked.text("name").unwrap_or(kind.name);
    // Its breaker's name is longer.
    let name = breaker(name)
        .and_then(|_| name.parse())
        .map_err(|wrong| asked.wrong("name", &format!("\"{name}\": {wrong}")))?;
    let timeout = asked.timeout();
    if timeout.is_zero() || timeout > LONGEST {
        return Err(asked.wrong("timeout", "more than nothing and at most 10min was expected"));
    }
    let critical = asked.get("critical").and_then(Value::is_on).unwrap_or(kind.is_critical);
    let probe = (kind.read)(&asked, ctx)?;
    Ok(Check { name, kind, timeout, critical, probe })
}

/// What is asked of a check, for its kind to read.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'c> {
    item: &'c Item,
    pub options: Options,
}

impl<'c> Asked<'c> {
    pub fn get(&self, field: &str) -> Option<&'c Value> {
        self.item.get(field)
    }

    pub fn text(&self, field: &str) -> Option<&'c str> {
        self.get(field).and_then(Value::text)
    }

    /// A path, as it is meant where it was said.
    pub fn path(&self, field: &str) -> Option<PathBuf> {
        self.get(field).map(Value::path)
    }

    pub fn duration(&self, field: &str) -> Option<Duration> {
        self.get(field).and_then(Value::duration)
    }

    /// How long the check may take.
    pub fn timeout(&self) -> Duration {
        self.duration("timeout").unwrap_or(TIMEOUT)
    }

    /// A text that the kind cannot do without.
    pub fn needs(&self, field: &str) -> Result<&'c str, Fault> {
        self.text(field).ok_or_else(|| self.lacks(field))
    }

    fn lacks(&self, field: &str) -> Fault {
        Fault::usage(format!("{}: this check lacks its `{field}`", self.item.origin))
    }

    /// Why what is said under `field` cannot be.
    pub fn wrong(&self, field: &str, why: &str) -> Fault {
        let origin = self.get(field).map_or(&self.item.origin, |value| &value.origin);
        Fault::usage(format!("{origin}: `{field}`: {why}"))
    }
}
