//! deadline(fallback(retry(breaker(timeout(call))))).

use std::ffi::OsString;
use std::time::Duration;

use super::child::{Call, Ended, Signals, run};
use super::input::Input;
use super::verdict::{Exits, Judged};
use crate::core::breaker::{Answer, Door, Outcome, Refusal, Seen, State};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::{Changes, catalogue};
use crate::core::name::Name;
use crate::core::retry::{GaveUp, Retry};

/// What is asked for.
#[derive(Debug)]
pub struct Asked {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Line of shell that is run where the command does not succeed.
    pub fallback: Option<OsString>,
    pub exits: Exits,
    pub retry: Retry,
    pub timeout: Option<Duration>,
    /// Of all attempts and the waits between them.
    pub deadline: Option<Duration>,
    pub kill_after: Duration,
    pub input: Input,
    /// Names of the guards that this one runs in, and its own.
    pub chain: String,
}

/// An attempt that was made.
#[derive(Debug)]
pub struct Attempt {
    pub ended: Ended,
    pub judged: Judged,
    pub seconds: f64,
    pub is_probe: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Guarded {
    pub attempts: Vec<Attempt>,
    /// The breaker let no (further) call through.
    pub refused: Option<(Refusal, Box<Seen>)>,
    /// The breaker opened at the last attempt.
    pub opened: Option<Box<Seen>>,
    /// The deadline left no time for a further attempt, or cut the last one short.
    pub ran_out: bool,
    /// The signal that ended the wait for the next attempt.
    pub interrupted: Option<i32>,
    pub fallback: Option<Ended>,
}

impl Guarded {
    /// Whether the dependency failed, or was not even asked.
    fn failed(&self) -> bool {
        let last = self.attempts.last();
        let failed = last.is_some_and(|last| {
            matches!(last.judged.outcome, Outcome::Failure(_) | Outcome::Timeout(_))
                && !last.judged.is_success
        });
        self.refused.is_some() || failed && self.interrupted.is_none()
    }

    /// Why there was no further attempt where one was needed. `retries` are those that were allowed.
    pub fn gave_up(&self, retries: u32) -> Option<GaveUp> {
        if !self.failed() {
            return None;
        }
        Some(match self.attempts.last() {
            _ if self.refused.is_some() => GaveUp::BreakerOpen,
            _ if self.ran_out => GaveUp::Deadline,
            Some(last) if !last.judged.is_retried => GaveUp::NotRetryable,
            _ if self.attempts.len() > retries as usize => GaveUp::Attempts,
            // It opened at the last one.
            _ => GaveUp::BreakerOpen,
        })
    }

    /// Why the fallback runs.
    fn reason(&self) -> &'static str {
        match (&self.refused, self.attempts.last().map(|last| &last.ended)) {
            (Some((refusal, _)), _) => refusal.state.name(),
            (None, _) if self.ran_out => "deadline",
            (None, Some(Ended::TimedOut)) => "timeout",
            _ => "failure",
        }
    }
}

/// Runs the command through the door, as often as it takes and is allowed.
pub fn guard(asked: &Asked, door: &mut Door, ctx: &Context) -> Result<Guarded, Fault> {
    let signals = Signals::catch()
        .map_err(|e| Fault::failed("cannot hand signals on to the command").because(e))?;
    let watch = Stopwatch::start();
    let mut guarded = Guarded {
        attempts: Vec::new(),
        refused: None,
        opened: None,
        ran_out: false,
        interrupted: None,
        fallback: None,
    };
    loop {
        let leave = match door.ask(ctx)? {
            Answer::Go(leave) => leave,
            Answer::No(refusal, seen) => {
                guarded.refused = Some((refusal, seen));
                break;
            }
        };
        let left = asked.deadline.map(|deadline| deadline.saturating_sub(watch.elapsed()));
        let number = guarded.attempts.len() + 1;
        let call = Call {
            program: &asked.command[0],
            args: &asked.command[1..],
            env: env_of(asked, door, number, leave.is_probe()),
            timeout: asked.timeout.into_iter().chain(left).min(),
            kill_after: asked.kill_after,
        };
        let took = Stopwatch::start();
        let ended = run(&call, &asked.input, &signals);
        let took = took.elapsed();
        let judged = asked.exits.judge(&ended, took);
        let is_probe = leave.is_probe();
        let counted = of_attempt(door.name(), &judged.outcome);
        let seen = door.tell(leave, judged.outcome.clone(), took, counted, ctx);
        guarded.opened = seen
            .filter(|seen| {
                seen.record.state == State::Open && seen.record.opened_at == Some(seen.now)
            })
            .map(Box::new);
        let is_over = asked.deadline.is_some_and(|deadline| watch.elapsed() >= deadline);
        guarded.ran_out = is_over && matches!(ended, Ended::TimedOut);
        let is_retried = judged.is_retried && !guarded.ran_out;
        guarded.attempts.push(Attempt { ended, judged, seconds: took.as_secs_f64(), is_probe });
        // A probe has one attempt: its failure has opened the breaker again.
        let wait = asked.retry.wait(number as u32, fastrand::f64()).filter(|_| is_retried);
        let Some(wait) = wait.filter(|_| guarded.opened.is_none()) else { break };
        if asked.deadline.is_some_and(|deadline| watch.elapsed().saturating_add(wait) >= deadline) {
            guarded.ran_out = true;
            break;
        }
        guarded.interrupted = signals.sleep(wait);
        if guarded.interrupted.is_some() {
            break;
        }
    }
    if guarded.failed() {
        guarded.fallback = fall_back(asked, door, &guarded, &signals);
    }
    Ok(guarded)
}

fn of_attempt(name: &Name, outcome: &Outcome) -> Changes {
    let result = if *outcome == Outcome::Success { "success" } else { "failure" };
    let mut counted = Changes::default();
    counted.add(&catalogue::RETRY_ATTEMPTS, &[name.as_str(), result], 1.0);
    counted
}

fn env_of(
    asked: &Asked,
    door: &Door,
    attempt: usize,
    is_probe: bool,
) -> Vec<(&'static str, String)> {
    let mut env = vec![
        ("UT_GUARD_NAME", door.name().to_string()),
        ("UT_GUARD_CHAIN", asked.chain.clone()),
        ("UT_GUARD_ATTEMPT", attempt.to_string()),
    ];
    if is_probe {
        env.push(("UT_GUARD_PROBE", "1".to_owned()));
    }
    env
}

/// It does not touch the breaker.
fn fall_back(asked: &Asked, door: &Door, guarded: &Guarded, signals: &Signals) -> Option<Ended> {
    let fallback = asked.fallback.clone()?;
    let code = guarded.attempts.last().and_then(|last| last.judged.code);
    let call = Call {
        program: "sh".as_ref(),
        args: &["-c".into(), fallback],
        env: vec![
            ("UT_GUARD_NAME", door.name().to_string()),
            ("UT_GUARD_CHAIN", asked.chain.clone()),
            ("UT_GUARD_REASON", guarded.reason().to_owned()),
            ("UT_GUARD_EXIT", code.map(|code| code.to_string()).unwrap_or_default()),
        ],
        timeout: asked.timeout,
        kill_after: asked.kill_after,
    };
    Some(run(&call, &asked.input, signals))
}
