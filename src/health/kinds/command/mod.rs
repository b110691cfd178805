//! A line of shell: how it ends, and what it prints. Also plugins of Nagios.

mod perfdata;
mod run;

use std::sync::Arc;
use std::time::Duration;

use self::run::{End, Ran, run};
use super::answer::Silent;
use super::latency::Latency;
use super::text::{first_line, has, short, why};
use super::{Kind, Shared, nothing};
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::health::{Asked, Datum, Probe, Status, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "command",
    fields: &["command", "plugin", "contains", "warn-after"],
    is_critical: true,
    is_guarded: true,
    read,
    found: nothing,
};

#[derive(Debug)]
struct Command {
    line: String,
    is_plugin: bool,
    contains: Option<String>,
    latency: Latency,
}

fn read(asked: &Asked<'_>, _: &Context) -> Result<Shared, Fault> {
    let line = asked.needs("command")?;
    if line.contains('\0') {
        return Err(asked.wrong("command", "a line of shell cannot have a zero byte"));
    }
    Ok(Arc::new(Command {
        line: line.to_owned(),
        is_plugin: asked.get("plugin").and_then(Value::is_on).unwrap_or(false),
        contains: asked.text("contains").map(str::to_owned),
        latency: Latency::read(asked)?,
    }))
}

impl Probe for Command {
    fn look(&self, timeout: Duration, ctx: &Context) -> Verdict {
        match run(&self.line, timeout, &ctx.env) {
            Ok(ran) => self.judge(&ran, timeout),
            Err(error) => Verdict::fail(format!("cannot run it: {}", why(&error))),
        }
    }
}

impl Command {
    fn judge(&self, ran: &Ran, timeout: Duration) -> Verdict {
        let (status, said, data) = if self.is_plugin { plugin(ran) } else { plain(ran) };
        let lacks = |text: &&String| !has(&ran.out, text) && !has(&ran.err, text);
        let lacking = self.contains.as_ref().filter(lacks).filter(|_| status != Status::Fail);
        let slow = self.latency.slow(ran.took).filter(|_| status == Status::Pass);
        let mut verdict = match (ran.end, lacking, slow) {
            (End::TimedOut, ..) => Verdict::fail(with(&Silent::Late.text(timeout), said)),
            (End::WantsTerminal, ..) => Verdict::fail(with("wants the terminal", said)),
            (End::Signal(signal), ..) => Verdict::fail(with(&format!("ended by {signal}"), said)),
            (End::Exit(_), Some(text), _) => Verdict::fail(with(&format!("lacks {text:?}"), said)),
            (End::Exit(_), None, Some(slow)) => Verdict::warn(with(&slow, said)),
            (End::Exit(code), None, None) => Verdict::new(
                status,
                match said {
                    Some(said) if status == Status::Pass || self.is_plugin && code <= 3 => said,
                    said => with(&format!("exit {code}"), said),
                },
            ),
        };
        let is_done = matches!(ran.end, End::Exit(_));
        verdict.data.extend(is_done.then(|| self.latency.datum(ran.took, timeout)));
        for datum in data {
            if verdict.data.iter().all(|other| other.name != datum.name) {
                verdict.data.push(datum);
            }
        }
        verdict
    }
}

fn with(what: &str, said: Option<String>) -> String {
    said.map_or_else(|| what.to_owned(), |said| format!("{what}: {said}"))
}

type Said = (Status, Option<String>, Vec<Datum>);

/// It is well if it ends with 0. Why not, is on standard error, if something is there.
fn plain(ran: &Ran) -> Said {
    let is_well = ran.end == End::Exit(0);
    let [first, second] = if is_well { [&ran.out, &ran.err] } else { [&ran.err, &ran.out] };
    let status = if is_well { Status::Pass } else { Status::Fail };
    let line = first_line(first).or_else(|| first_line(second));
    (status, line.as_deref().map(short), Vec::new())
}

/// As the guidelines of plugins for Nagios have it: 0 is well, 1 a warning, 2 critical and 3 unknown.
fn plugin(ran: &Ran) -> Said {
    let status = match ran.end {
        End::Exit(0) => Status::Pass,
        End::Exit(1) => Status::Warn,
        _ => Status::Fail,
    };
    let Some(line) = first_line(&ran.out).or_else(|| first_line(&ran.err)) else {
        return (status, None, Vec::new());
    };
    let (line, data) = perfdata::parts(&line);
    (status, (!line.is_empty()).then(|| short(line)), data)
}
