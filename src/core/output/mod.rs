//! What people and scripts see: results on standard output, everything else on standard error.

mod escape;
mod progress;
mod table;
pub mod units;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

pub use progress::{Progress, Unit};
pub use table::{Align, Table};

use super::config::Environment;
use super::error::Fault;
use escape::Escape;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// How much to say on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Errors only.
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// The two streams, decided once.
#[derive(Debug, Clone)]
pub struct Output {
    level: Level,
    color_out: bool,
    color_err: bool,
    /// Columns of the terminal that standard output is; none elsewhere.
    width: Option<usize>,
    progress: bool,
}

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

impl Output {
    pub fn new(env: &Environment, color: Color, level: Level) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let width = || terminal_size::terminal_size().map(|(w, _)| usize::from(w.0));
        Self {
            level,
            color_out: color_wanted(env, color, out),
            color_err: color_wanted(env, color, err),
            width: if out { width() } else { None },
            progress: err && level > Level::Quiet && env.get("TERM").as_deref() != Some("dumb"),
        }
    }

    /// The same for a file: no colours, no width to fit.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { color_out: false, width: None, ..self.clone() }
    }

    /// One that only says errors.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self { level: Level::Quiet, progress: false, ..self.clone() }
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// Columns of the terminal, if standard output is one.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether standard output shows colours.
    pub fn is_colored(&self) -> bool {
        self.color_out
    }

    /// `text` in `style`, if standard output shows colours.
    pub fn paint(&self, style: Style, text: &str) -> String {
        painted(self.color_out, style, text)
    }

    /// The one way to standard output.
    pub fn result(&self, bytes: &[u8]) -> Result<(), Fault> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|e| Fault::failed("cannot write to standard output").because(e))
    }

    /// A document of JSON, indented for people, on standard output. It may be larger than memory.
    pub fn json(&self, document: &impl serde::Serialize) -> anyhow::Result<()> {
        let mut out = Escape::new(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()));
        serde_json::to_writer_pretty(&mut out, document)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .map_err(|e| Fault::failed("cannot write to standard output").because(e))?;
        Ok(())
    }

    /// Asks whoever sits at the terminal. Where nobody does, the answer is yes.
    pub fn confirm(&self, question: &str) -> Result<bool, Fault> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Ok(true);
        }
        let mut err = io::stderr().lock();
        let _ = write!(err, "{} [y/N] ", printable(question)).and_then(|()| err.flush());
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .map_err(|e| Fault::failed("cannot read the answer").because(e))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// The one line that says what was done, on standard output. Not said with `-q`.
    pub fn summary(&self, line: &str) -> Result<(), Fault> {
        match self.level {
            Level::Quiet => Ok(()),
            _ => self.result(format!("{}\n", printable(line)).as_bytes()),
        }
    }

    /// Something to look at, though the work was done. Not said with `-q`.
    pub fn warn(&self, message: impl Display) {
        if self.level > Level::Quiet {
            self.say(WARNING, "warning", &message.to_string());
        }
    }

    /// Detail for whoever asked for it with `-v`.
    pub fn note(&self, message: impl Display) {
        if self.level == Level::Verbose {
            self.say(NOTE, "note", &message.to_string());
        }
    }

    /// Why the run ended, causes in one line, and what to do about it.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        self.say(ERROR, "error", &causes.join(": "));
        if let Some(hint) = hint {
            line(&format!("{}: {}", painted(self.color_err, NOTE, "hint"), printable(hint)));
        }
    }

    fn say(&self, style: Style, kind: &str, message: &str) {
        let kind = painted(self.color_err, style, kind);
        line(&format!("ut: {kind}: {}", printable(message)));
    }

    /// A bar up to `total` (or a spinner), drawn on a terminal once the work takes a while.
    pub fn progress(&self, what: &'static str, unit: Unit, total: Option<u64>) -> Progress {
        Progress::new(self.progress, what, unit, total)
    }
}

/// Nobody is left to be told when standard error fails.
fn line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Texts quote files: no control character of theirs may reach a terminal or a picture.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn painted(colored: bool, style: Style, text: &str) -> String {
    if colored { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// `--color`, then `NO_COLOR`, then `CLICOLOR_FORCE`, then `TERM=dumb`, then the stream itself.
fn color_wanted(env: &Environment, color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if env.get("NO_COLOR").is_some() => false,
        Color::Auto if env.get("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        Color::Auto if env.get("TERM").as_deref() == Some("dumb") => false,
        Color::Auto => terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        let variables = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn colour_is_decided_in_the_documented_order() {
        let no = env(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]);
        assert!(color_wanted(&no, Color::Always, false));
        assert!(!color_wanted(&no, Color::Auto, true));
        assert!(color_wanted(&env(&[("CLICOLOR_FORCE", "1")]), Color::Auto, false));
        assert!(!color_wanted(&env(&[("TERM", "dumb")]), Color::Auto, true));
        assert!(color_wanted(&env(&[("NO_COLOR", "")]), Color::Auto, true));
        assert!(!color_wanted(&env(&[]), Color::Auto, false));
    }
}
