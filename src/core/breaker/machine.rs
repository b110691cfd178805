//! The moves of a breaker: pure, the time and what is known of processes are arguments.
//!
//! `docs/guard.md` has the diagram. Rows of calls that do not fit the state they come back to (a late result, a
//! place that was taken away) change totals and nothing else.

use super::record::{Failure, Lease, Millis, Record, State, What};
use super::settings::{Rule, Settings};
use crate::core::process::Process;

/// Leave to call, to be given back with [`Record::settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Go {
    generation: u64,
    /// A probe's place.
    token: Option<u64>,
}

impl Go {
    pub fn is_probe(self) -> bool {
        self.token.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Go(Go),
    No(Refusal),
}

/// Why not, and after how long it is worth asking again; none if a person must end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Open, half open (others probe) or forced open.
    pub state: State,
    pub retry_in: Option<Millis>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Success,
    Failure(What),
    Timeout(What),
    /// It says nothing of the dependency: it was interrupted, or the mistake is ours.
    Neutral,
}

/// What people may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Reset,
    /// For so long, or until somebody ends it.
    Open {
        for_: Option<Millis>,
    },
    Disable,
    Enable,
}

impl Record {
    /// Whether a call may be made now, by `holder`. `is_dead` says of a holder whether it is known to be dead;
    /// `chance` is drawn from [0, 1).
    pub fn admit(
        &mut self,
        settings: &Settings,
        now: Millis,
        holder: &Process,
        is_dead: impl Fn(&Process) -> bool,
        chance: f64,
    ) -> Admission {
        match self.state {
            State::Closed | State::Disabled => {
                return Admission::Go(Go { generation: self.generation, token: None });
            }
            State::Open | State::ForcedOpen => {
                if self.open_until.is_none_or(|until| now < until) {
                    return self.refuse(self.open_until.map(|until| until.saturating_sub(now)));
                }
                self.change(State::HalfOpen, now);
                self.half_successes = 0;
            }
            State::HalfOpen => self.sweep(settings, now, is_dead, chance),
        }
        if self.state == State::Open {
            return self.refuse(self.open_until.map(|until| until.saturating_sub(now)));
        }
        if self.leases.len() >= settings.probes {
            let until = self.leases.iter().map(|lease| lease.until).min();
            return self.refuse(until.map(|until| until.saturating_sub(now).max(0)));
        }
        let token = self.probes;
        self.probes = self.probes.saturating_add(1);
        let until = now.saturating_add(settings.probe_lease);
        self.leases.push(Lease { token, holder: holder.clone(), granted_at: now, until });
        Admission::Go(Go { generation: self.generation, token: Some(token) })
    }

    /// Takes back leave to call, once, with how the call ended.
    pub fn settle(
        &mut self,
        settings: &Settings,
        go: Go,
        outcome: Outcome,
        now: Millis,
        chance: f64,
    ) {
        add(
            match &outcome {
                Outcome::Success => &mut self.totals.success,
                Outcome::Failure(_) => &mut self.totals.failure,
                Outcome::Timeout(_) => &mut self.totals.timeout,
                Outcome::Neutral => &mut self.totals.neutral,
            },
            1,
        );
        if go.generation != self.generation {
            return;
        }
        match self.state {
            State::Closed => self.settle_call(settings, outcome, now, chance),
            State::HalfOpen => {
                let place = self.leases.iter().position(|lease| Some(lease.token) == go.token);
                if let Some(place) = place {
                    self.leases.swap_remove(place);
                    self.settle_probe(settings, outcome, now, chance);
                }
            }
            State::Open | State::ForcedOpen | State::Disabled => {}
        }
    }

    fn settle_call(&mut self, settings: &Settings, outcome: Outcome, now: Millis, chance: f64) {
        match outcome {
            Outcome::Success if settings.rule == Rule::Consecutive => self.fail_at.clear(),
            Outcome::Success | Outcome::Neutral => {}
            Outcome::Failure(what) | Outcome::Timeout(what) => {
                self.last_failure = Some(Failure { at: now, what });
                self.fail_at.push_back(now);
                let surplus = self.fail_at.len().saturating_sub(settings.threshold);
                self.fail_at.drain(..surplus);
                if self.is_rule_met(settings) {
                    self.reopen_count = 0;
                    self.open(settings, now, chance);
                }
            }
        }
    }

    fn settle_probe(&mut self, settings: &Settings, outcome: Outcome, now: Millis, chance: f64) {
        match outcome {
            Outcome::Success => {
                self.half_successes = self.half_successes.saturating_add(1);
                if self.half_successes >= settings.successes_to_close {
                    self.close(now);
                }
            }
            Outcome::Failure(what) | Outcome::Timeout(what) => {
                self.last_failure = Some(Failure { at: now, what });
                self.reopen(settings, now, chance);
            }
            Outcome::Neutral => {}
        }
    }

    /// What a person asks for, and who and why.
    pub fn command(&mut self, command: Command, by: String, now: Millis) {
        match command {
            Command::Reset => self.close(now),
            Command::Open { for_ } => {
                self.change(State::ForcedOpen, now);
                self.opened_at = Some(now);
                self.open_until = for_.map(|for_| now.saturating_add(for_));
            }
            Command::Disable => self.change(State::Disabled, now),
            Command::Enable if self.state == State::Disabled => self.close(now),
            Command::Enable => return,
        }
        self.changed_by = Some(by);
    }

    /// The state as people see it: a breaker whose wait is over is ready for a probe.
    pub fn effective(&self, now: Millis) -> State {
        let is_over = self.open_until.is_some_and(|until| now >= until);
        match self.state {
            State::Open | State::ForcedOpen if is_over => State::HalfOpen,
            state => state,
        }
    }

    /// Failures that count at this moment.
    pub fn failures(&self, settings: &Settings, now: Millis) -> usize {
        let counts = |at: &&Millis| match settings.rule {
            Rule::Count => now.saturating_sub(**at) <= settings.window,
            Rule::Consecutive => true,
        };
        self.fail_at.iter().filter(counts).count()
    }

    fn is_rule_met(&self, settings: &Settings) -> bool {
        let (Some(oldest), Some(newest)) = (self.fail_at.front(), self.fail_at.back()) else {
            return false;
        };
        self.fail_at.len() >= settings.threshold
            && (settings.rule == Rule::Consecutive
                || newest.saturating_sub(*oldest) <= settings.window)
    }

    /// Takes away the places of dead probes. One that lives but holds its place too long has failed.
    fn sweep(
        &mut self,
        settings: &Settings,
        now: Millis,
        is_dead: impl Fn(&Process) -> bool,
        chance: f64,
    ) {
        let before = self.leases.len();
        self.leases.retain(|lease| !is_dead(&lease.holder));
        add(&mut self.totals.lost_died, (before - self.leases.len()) as u64);
        if self.leases.iter().any(|lease| lease.until < now) {
            add(&mut self.totals.lost_overran, 1);
            self.reopen(settings, now, chance);
        }
    }

    fn refuse(&mut self, retry_in: Option<Millis>) -> Admission {
        add(&mut self.totals.rejected, 1);
        Admission::No(Refusal { state: self.state, retry_in })
    }

    fn reopen(&mut self, settings: &Settings, now: Millis, chance: f64) {
        self.reopen_count = self.reopen_count.saturating_add(1);
        self.open(settings, now, chance);
    }

    fn open(&mut self, settings: &Settings, now: Millis, chance: f64) {
        self.change(State::Open, now);
        self.opened_at = Some(now);
        self.open_until = Some(now.saturating_add(settings.wait(self.reopen_count, chance)));
    }

    /// Empties everything but totals.
    fn close(&mut self, now: Millis) {
        self.change(State::Closed, now);
        self.fail_at.clear();
        (self.opened_at, self.open_until) = (None, None);
        (self.reopen_count, self.half_successes) = (0, 0);
        (self.last_failure, self.changed_by) = (None, None);
    }

    fn change(&mut self, to: State, now: Millis) {
        let change = format!("{}-{}", self.state.name(), to.name());
        add(self.totals.transitions.entry(change).or_default(), 1);
        self.state = to;
        self.generation = self.generation.saturating_add(1);
        self.leases.clear();
        self.changed_at = Some(now);
    }
}

/// A damaged record may hold any number.
fn add(total: &mut u64, count: u64) {
    *total = total.saturating_add(count);
}
