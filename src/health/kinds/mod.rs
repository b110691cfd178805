//! The kinds of checks, a file for each.

mod answer;
mod breaker;
mod command;
mod disk;
mod docker;
mod file_age;
mod gpu;
mod http;
mod latency;
mod tcp;
mod text;
mod window_age;

use std::sync::Arc;

use super::check::{Asked, Options};
use super::verdict::Probe;
use crate::core::context::Context;
use crate::core::error::Fault;

/// A check's probe, for the thread that looks and the one that waits.
pub type Shared = Arc<dyn Probe>;

/// A kind of check.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// What the configuration may say of it, beside what it may say of every check.
    pub fields: &'static [&'static str],
    /// Whether a failure is one of the whole where nothing is said.
    pub is_critical: bool,
    /// Whether it asks something that may be down, and leaves it alone for a while then.
    pub is_guarded: bool,
    /// The check that is asked for.
    pub read: fn(&Asked<'_>, &Context) -> Result<Shared, Fault>,
    /// The check of what can be found here without being asked for.
    pub found: fn(Options, &Context) -> Option<Shared>,
}

pub const KINDS: &[Kind] = &[
    http::KIND,
    tcp::KIND,
    command::KIND,
    disk::KIND,
    gpu::KIND,
    breaker::KIND,
    file_age::KIND,
    window_age::KIND,
    docker::KIND,
];

/// Of kinds that must be told what to look at.
fn nothing(_: Options, _: &Context) -> Option<Shared> {
    None
}
