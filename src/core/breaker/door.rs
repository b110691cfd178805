//! The way through a breaker: asks, tells, and lets calls pass where the state cannot be used.

use std::path::PathBuf;
use std::time::Duration;

use super::machine::{Admission, Go, Outcome, Refusal};
use super::settings::Settings;
use super::store::{Breakers, Seen};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::{Changes, catalogue};
use crate::core::name::Name;
use crate::core::state::{self, State, StateError};

/// A breaker, and whether its state can be used.
#[derive(Debug)]
pub struct Door {
    name: Name,
    settings: Settings,
    state: Option<State>,
    refuses: bool,
}

/// What was said at the door.
#[derive(Debug)]
pub enum Answer {
    /// Call, and tell how it ended.
    Go(Leave),
    /// Do not, for this reason.
    No(Refusal, Box<Seen>),
}

/// Leave to call.
#[derive(Debug)]
pub struct Leave(Option<Go>);

impl Leave {
    pub fn is_probe(&self) -> bool {
        self.0.is_some_and(Go::is_probe)
    }
}

impl Door {
    /// Where the state cannot be used, it warns once and lets every call pass, or refuses, as configured.
    pub fn open(name: Name, settings: Settings, ctx: &Context) -> Result<Self, Fault> {
        let config = ctx.config.for_breaker(&name);
        let refuses = config.text("breakers.on-store-error") == Some("refuse");
        let mut door = Self { name, settings, state: None, refuses };
        if config.is_on("breakers.disabled") {
            return Ok(door);
        }
        let open = |folder: PathBuf| {
            State::open(&folder).map_err(|error| {
                count_error(&error, ctx);
                Fault::from(error)
            })
        };
        match state::folder(&config, &ctx.env).and_then(open) {
            Ok(state) => {
                if let Some(aside) = &state.set_aside {
                    ctx.out.warn(format!(
                        "{} was damaged and is now {}: all breakers begin anew",
                        state.path().display(),
                        aside.display()
                    ));
                }
                door.state = Some(state);
            }
            Err(fault) => door.without_state(fault, ctx)?,
        }
        Ok(door)
    }

    /// Waits no longer than this for others that write.
    pub fn wait_at_most(&self, patience: Duration) -> Result<(), Fault> {
        match &self.state {
            Some(state) => Ok(state.wait_at_most(patience)?),
            None => Ok(()),
        }
    }

    pub fn name(&self) -> &Name {
        &self.name
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn ask(&mut self, ctx: &Context) -> Result<Answer, Fault> {
        let Some(state) = &self.state else { return Ok(Answer::Go(Leave(None))) };
        match Breakers::of(state).admit(&self.name, &self.settings) {
            Ok((admission, seen)) => {
                if seen.was_damaged {
                    ctx.out
                        .warn(format!("the record of {} was damaged: it begins anew", self.name));
                }
                Ok(match admission {
                    Admission::Go(go) => Answer::Go(Leave(Some(go))),
                    Admission::No(refusal) => Answer::No(refusal, Box::new(seen)),
                })
            }
            Err(error) => {
                count_error(&error, ctx);
                self.without_state(error.into(), ctx)?;
                Ok(Answer::Go(Leave(None)))
            }
        }
    }

    /// How the call ended and how long it took, and what else is counted of it. The breaker as it is then, if its state
    /// could be used.
    pub fn tell(
        &mut self,
        leave: Leave,
        outcome: Outcome,
        took: Duration,
        mut counted: Changes,
        ctx: &Context,
    ) -> Option<Seen> {
        let labels = [self.name.as_str()];
        counted.observe(&catalogue::BREAKER_CALL_DURATION, &labels, took.as_secs_f64());
        let (Some(state), Some(go)) = (self.state.as_ref(), leave.0) else {
            ctx.pending.put(counted);
            return None;
        };
        match Breakers::of(state).settle(&self.name, &self.settings, go, outcome, &counted) {
            Ok(seen) => Some(seen),
            Err(error) => {
                ctx.pending.put(counted);
                count_error(&error, ctx);
                // The call was made: nothing is left to refuse.
                self.refuses = false;
                let _ = self.without_state(error.into(), ctx);
                None
            }
        }
    }

    /// No further call is made: the state is left open for what is counted at the end.
    pub fn close(self, ctx: &Context) {
        if let Some(state) = self.state {
            ctx.leave_open(state);
        }
    }

    fn without_state(&mut self, fault: Fault, ctx: &Context) -> Result<(), Fault> {
        if self.refuses {
            return Err(fault.later());
        }
        let error = anyhow::Error::from(fault);
        ctx.out.warn(format!("{error:#}: calls pass unguarded"));
        self.state = None;
        Ok(())
    }
}

fn count_error(error: &StateError, ctx: &Context) {
    ctx.pending.change(|count| count.add(&catalogue::STATE_ERRORS, &[error.kind()], 1.0));
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        let hint = match &error {
            StateError::Newer { .. } | StateError::NewerRecord { .. } => "update this ut",
            _ => "`ut config show --all` says where state.dir is",
        };
        let text = error.to_string();
        match error {
            StateError::Folder { source, .. } => Self::failed(text).because(source).hint(hint),
            StateError::SetAside { source, .. } => Self::failed(text).because(source).hint(hint),
            _ => Self::failed(text).hint(hint),
        }
    }
}
