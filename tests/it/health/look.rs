//! Checks as a configuration describes them, and what they see.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ut::core::config::{Config, Environment};
use ut::core::context::Context;
use ut::core::output::{Color, Level, Output};
use ut::health::{Options, Status, Verdict, checks};

/// `ut.toml` in this folder, and an environment in which programs are found.
fn context(text: &str, folder: &Path, more: &[(&str, &str)]) -> Context {
    std::fs::write(folder.join("ut.toml"), text).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let mut variables = BTreeMap::from([("PATH".into(), path)]);
    variables.extend(more.iter().map(|(name, value)| (name.into(), value.into())));
    let env = Environment { variables, current_folder: folder.to_path_buf() };
    let config = Config::load(&env, None).unwrap();
    let out = Output::new(&env, Color::Never, Level::Quiet);
    Context::new(config, env, out)
}

/// The head of a request, up to its empty line.
pub(super) fn head(from: impl Read) -> String {
    let mut reader = BufReader::new(from);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or(0) > 2 {}
    head
}

/// The running test again, to be run in a process of its own: there, `is_again` holds.
pub(super) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env("UT_TEST_AGAIN", "1");
    command
}

pub(super) fn is_again() -> bool {
    std::env::var_os("UT_TEST_AGAIN").is_some()
}

/// What the one check sees that is described so.
pub(super) fn look(kind: &str, described: &str) -> Verdict {
    look_in(kind, described, &[("UT_TOLD", "as told")])
}

/// The same with these variables.
pub(super) fn look_in(kind: &str, described: &str, variables: &[(&str, &str)]) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("[health]\ndefaults = false\n[[health.check]]\nkind = \"{kind}\"\n{described}\n");
    let ctx = context(&text, folder.path(), variables);
    let check = checks(Options::default(), &ctx).unwrap().remove(0);
    let begin = Instant::now();
    let verdict = check.probe.look(check.timeout, &ctx);
    // It ends by itself. What hangs here hangs for a minute; a machine may have other things to do.
    assert!(begin.elapsed().as_secs_f64() < check.timeout.as_secs_f64() + 20.0, "{verdict:?}");
    assert!(!format!("{check:?}").contains("secret") && !verdict.output.contains("secret"));
    assert!(!verdict.output.contains('\n'), "{verdict:?}");
    verdict
}

/// This status, and this output.
#[track_caller]
pub(super) fn sees(kind: &str, described: &str, status: Status, output: &str) -> Verdict {
    let verdict = look(kind, described);
    assert_eq!((verdict.status, verdict.output.as_str()), (status, output), "{described}");
    verdict
}

/// Why such a check cannot be.
pub(super) fn refused(kind: &str, described: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ctx =
        context(&format!("[[health.check]]\nkind = \"{kind}\"\n{described}\n"), folder.path(), &[]);
    let fault = checks(Options::default(), &ctx).unwrap_err();
    assert_eq!(fault.exit(), ut::core::exit::Exit::Usage);
    fault.to_string()
}

/// Each of these is refused, for a reason that has this in it, at its line.
#[track_caller]
pub(super) fn refuses(kind: &str, described: &[(&str, &str)]) {
    for (described, reason) in described {
        let why = refused(kind, described);
        assert!(why.contains(reason) && why.contains("ut.toml:"), "{described}: {why}");
        assert!(!why.contains("secret"), "{why}");
    }
}
