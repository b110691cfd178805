//! What a command is handed.

use std::sync::{Arc, Mutex, PoisonError};

use super::config::{Config, Environment};
use super::metrics::Pending;
use super::output::Output;
use super::state::State;

/// Everything a command may use of the world around it.
#[derive(Debug, Clone)]
pub struct Context {
    pub config: Config,
    pub env: Environment,
    pub out: Output,
    /// What is counted when the command ends.
    pub pending: Pending,
    opened: Arc<Mutex<Option<State>>>,
}

impl Context {
    /// The same, but it only says errors. What is counted counts for both.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self { out: self.out.silent(), ..self.clone() }
    }

    pub fn new(config: Config, env: Environment, out: Output) -> Self {
        Self { config, env, out, pending: Pending::default(), opened: Arc::default() }
    }

    /// Leaves the state open for who comes next: to open it takes longer than to write to it.
    pub fn leave_open(&self, state: State) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    /// The state that was left open.
    pub fn take_opened(&self) -> Option<State> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
