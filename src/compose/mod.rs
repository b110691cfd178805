//! Docker Compose stacks, read as Compose reads them.

mod canonical;
pub mod codes;
mod consistency;
mod defaults;
pub mod discover;
mod dotenv;
mod environment;
mod exclusive;
mod extends;
pub mod finding;
mod include;
mod interpolate;
mod load;
mod merge;
mod node;
mod normalise;
mod open;
mod paths;
mod schema;
mod shape;
mod short;
pub mod source;
mod stack;
mod swarm;
mod template;
mod totals;
mod trie;
mod unique;
mod variables;
mod yaml;

pub use shape::bytes;
pub use stack::{Input, Request, Stack, Unreadable};
pub use totals::Total;
