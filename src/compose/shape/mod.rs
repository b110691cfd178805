//! What Compose makes of each value in the end: the types of its model, and the texts they are read from.

mod command;
mod decode;
mod json;
mod names;
mod scalars;
mod tables;

pub(super) use decode::{decode, no_duration};
pub(super) use json::{json, pruned};
pub use scalars::bytes;
pub(super) use scalars::nanoseconds;

/// A type of Compose's model.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Str,
    Bool,
    /// A boolean that is true unless it is said to be false.
    OptOut,
    Int,
    /// A whole number from 0 to this.
    Uint(u64),
    Float,
    Duration,
    Bytes,
    /// Cores, as a number or a text.
    Cores,
    /// A number of devices, `all` being -1.
    Count,
    /// Rights of a file, in octal.
    Mode,
    Ulimit,
    Command,
    HealthTest,
    /// One string or a list of them.
    StringList,
    /// The same, with numbers too.
    NumberList,
    Labels,
    Mapping,
    /// As `Mapping`, where nothing is something else than an empty text.
    Environment,
    Options,
    MultiOptions,
    Hosts,
    Ssh,
    List(&'static Kind),
    Dict(&'static Kind),
    Struct(&'static [Field]),
}

/// When a field is left out of the model that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Omit {
    /// Where it is empty, 0 or false.
    Empty,
    /// Where it is not given.
    Absent,
    Never,
    /// Always: it has done its work.
    Always,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    name: &'static str,
    /// The name that Compose prints.
    printed: &'static str,
    kind: Kind,
    omit: Omit,
}
