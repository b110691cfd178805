//! What a command is handed.

use super::config::Config;
use super::output::Output;

/// Everything a command may use of the world around it.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub out: Output,
}
