//! What a command is handed.

use super::config::{Config, Environment};
use super::output::Output;

/// Everything a command may use of the world around it.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub env: Environment,
    pub out: Output,
}
