//! `ut health`: what it sees, what it says, and to whom.

mod cli;
mod command;
mod docker;
mod http;
mod look;
mod real;
mod report;
mod serve;
mod tcp;

use crate::support::Sandbox;

/// A sandbox with this configuration, and no checks but those in it.
fn configured(checks: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("ut.toml", format!("[health]\ndefaults = false\n{checks}"));
    sandbox
}

/// A check that passes while the file `NAME` is there.
fn file(name: &str, more: &str) -> String {
    format!(
        "[[health.check]]\nname = \"{name}\"\nkind = \"file-age\"\npath = \"{name}\"\nmax-age = \"1h\"\n{more}\n"
    )
}
