//! Files changed, or what would change in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::report::Report;
use super::{ComposeArgs, Format};
use crate::compose::fix::Safety;
use crate::compose::{Input, Policy, Request, Stack, laid_over};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files::{self, Replacement};
use crate::core::output::printable;

/// What is mended, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mending")]
pub(super) struct MendArgs {
    /// Mend what can be mended without a change of what the stack does
    #[arg(long, conflicts_with_all = ["resolved", "statistics"])]
    fix: bool,
    /// Mend what can be mended, limits and policies too
    #[arg(long, conflicts_with_all = ["resolved", "statistics"])]
    unsafe_fixes: bool,
    /// Print what would change, and change nothing
    #[arg(long, conflicts_with_all = ["resolved", "statistics"])]
    diff: bool,
    /// Write what the stack lacks into a new file that is laid over it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fix", "unsafe_fixes", "resolved", "statistics"])]
    write_override: Option<PathBuf>,
}

impl MendArgs {
    pub(super) fn is_asked(&self) -> bool {
        self.fix || self.unsafe_fixes || self.diff || self.write_override.is_some()
    }

    fn most(&self) -> Safety {
        if self.unsafe_fixes { Safety::Unsafe } else { Safety::Safe }
    }
}

pub(super) fn run(
    args: &ComposeArgs,
    requests: &[Request],
    policy: &Policy,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    if args.mend.diff && !matches!(args.format, Format::Full | Format::Concise) {
        return Err(Fault::usage("--diff is text").hint("leave --format out").into());
    }
    if let Some(path) = &args.mend.write_override {
        return write_override(args, path, requests, policy, ctx);
    }
    let mut report = Report::new(args, policy, ctx);
    let (mut changed, mut mended) = (BTreeMap::new(), 0);
    for request in requests {
        let is_stdin = request.files.iter().any(|input| matches!(input, Input::Stdin));
        if is_stdin && !args.mend.diff {
            return Err(Fault::usage("standard input cannot be changed")
                .hint("name a file")
                .into());
        }
        let stack = match Stack::read(request) {
            Ok(stack) => stack,
            Err(error) => {
                report.cannot(error);
                continue;
            }
        };
        let verdict = stack.verdict(policy);
        let texts = stack.mended(request, policy, args.mend.most());
        let old: BTreeMap<PathBuf, String> =
            texts.keys().map(|path| (path.clone(), text_of(&stack, path))).collect();
        if args.mend.diff {
            changed.extend(
                texts.into_iter().map(|(path, text)| (path.clone(), (old[&path].clone(), text))),
            );
            continue;
        }
        write(&texts, &old)?;
        let before = report.tally.findings();
        report.add(request)?;
        let left = report.tally.findings() - before;
        mended += verdict.findings.len().saturating_sub(left);
    }
    if args.mend.diff {
        let text: String =
            changed.iter().map(|(path, (old, new))| diff(path, old, new, ctx)).collect();
        ctx.out.result(text.as_bytes())?;
        report.tell_unreadable();
        return Ok(if changed.is_empty() { report.exit() } else { Exit::Findings });
    }
    report.finish()?;
    report.tell_unreadable();
    tell(args, ctx, &format!("{mended} mended"))?;
    Ok(report.exit())
}

/// What was done, where a person reads it.
fn tell(args: &ComposeArgs, ctx: &Context, line: &str) -> Result<(), Fault> {
    match args.format {
        Format::Full | Format::Concise => ctx.out.summary(line),
        Format::Json | Format::Sarif | Format::Github => Ok(()),
    }
}

fn text_of(stack: &Stack, path: &Path) -> String {
    let files = 0..stack.sources.len();
    let mut sources = files.map(|file| stack.sources.get(file));
    sources
        .find(|source| source.path == path)
        .map_or_else(String::new, |source| source.text.clone())
}

/// Replaces files, none before the new content of all is beside them.
fn write(texts: &BTreeMap<PathBuf, String>, old: &BTreeMap<PathBuf, String>) -> Result<(), Fault> {
    let mut replacements = Vec::new();
    for (path, text) in texts {
        let cannot = || Fault::failed(format!("cannot change {}", path.display()));
        // A link keeps pointing where it did.
        let real = path.canonicalize().map_err(|e| cannot().because(e))?;
        let bytes = std::fs::read(&real).map_err(|e| cannot().because(e))?;
        let is_read_only = std::fs::metadata(&real).is_ok_and(|m| m.permissions().readonly());
        if is_read_only {
            let hint = "its stack stays as it is; make it writable, or see --diff";
            return Err(Fault::failed(format!("{} is read-only", path.display())).hint(hint));
        }
        let mark = bytes.strip_suffix(old[path].as_bytes());
        let Some(mark @ ([] | b"\xef\xbb\xbf")) = mark else {
            let text = format!("{} is not what was read any more, or no UTF-8", path.display());
            return Err(Fault::failed(text).hint("its stack stays as it is; run it again"));
        };
        let bytes = [mark, text.as_bytes()].concat();
        replacements.push(Replacement::new(&real, &bytes).map_err(|e| cannot().because(e))?);
    }
    files::replace_all(replacements)
}

fn diff(path: &Path, old: &str, new: &str, ctx: &Context) -> String {
    let shown = path.strip_prefix(&ctx.env.current_folder).unwrap_or(path);
    let name = printable(&shown.to_string_lossy());
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().header(&name, &name).to_string();
    if !ctx.out.is_colored() {
        return text;
    }
    let paint = |line: &str| {
        let color = match line.chars().next() {
            Some('+') => anstyle::AnsiColor::Green,
            Some('-') => anstyle::AnsiColor::Red,
            _ => return line.to_owned(),
        };
        ctx.out.paint(color.on_default(), line)
    };
    text.lines().map(|line| paint(line) + "\n").collect()
}

/// A file with what one stack lacks, tried together with it before it is written.
fn write_override(
    args: &ComposeArgs,
    path: &Path,
    requests: &[Request],
    policy: &Policy,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    let [request] = requests else {
        let text = format!("--write-override is for one stack, and there are {}", requests.len());
        let hint = "name one file, or the files of one stack with -f";
        return Err(Fault::usage(text).hint(hint).into());
    };
    let whole = ctx.env.current_folder.join(path);
    if whole.symlink_metadata().is_ok() && !args.mend.diff {
        let text = format!("{} exists already", path.display());
        let hint =
            "name another file, or lay it over the stack with -f and see what is still missing";
        return Err(Fault::usage(text).hint(hint).into());
    }
    let watch = Stopwatch::start();
    let stack = Stack::read(request).map_err(|e| Fault::failed(e.to_string()))?;
    // Standard input can be read only once.
    let request = &stack.again(request);
    let Some(keys) = stack.override_for(request, policy) else {
        let mut report = Report::new(args, policy, ctx);
        report.judge(stack, request, watch)?;
        report.finish()?;
        tell(args, ctx, "nothing is missing that an override could say: none is written")?;
        return Ok(report.exit());
    };
    let text =
        format!("# What the stack lacks, by `ut compose-validate`: look at every size.\n{keys}");
    if args.mend.diff {
        ctx.out.result(diff(&whole, "", &text, ctx).as_bytes())?;
        return Ok(Exit::Findings);
    }
    files::write(&whole, text.as_bytes())?;
    let mut report = Report::new(args, policy, ctx);
    let both = laid_over(request, &text, &whole);
    report.add(&both)?;
    report.finish()?;
    let line = format!("{} is written: lay it over the stack with -f", path.display());
    tell(args, ctx, &line)?;
    Ok(report.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between reading and writing, somebody may save the file.
    #[test]
    fn what_has_changed_meanwhile_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a"), "1").unwrap();
        std::fs::write(path("b"), "changed").unwrap();
        let texts =
            |text: &str| BTreeMap::from(["a", "b"].map(|name| (path(name), text.to_owned())));
        let error = write(&texts("2"), &texts("1")).unwrap_err();
        assert!(error.to_string().contains("is not what was read any more"), "{error}");
        assert_eq!(std::fs::read(path("a")).unwrap(), b"1");
        assert_eq!(std::fs::read(path("b")).unwrap(), b"changed");
        std::fs::write(path("b"), "\u{feff}1").unwrap();
        write(&texts("2"), &texts("1")).unwrap();
        assert_eq!(std::fs::read(path("a")).unwrap(), b"2");
        assert_eq!(std::fs::read(path("b")).unwrap(), "\u{feff}2".as_bytes());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        std::fs::remove_file(path("b")).unwrap();
        assert!(write(&texts("3"), &texts("2")).is_err());
        assert_eq!(std::fs::read(path("a")).unwrap(), b"2");
    }
}
