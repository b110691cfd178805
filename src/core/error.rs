//! What went wrong, and what to do about it.

use std::error::Error as StdError;

use super::exit::Exit;

/// An error that knows its exit code and its remedy. Everything else that reaches `main` is
/// [`Exit::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    message: String,
    hint: Option<String>,
    exit: Exit,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// The work failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: Exit::Failed, source: None }
    }

    /// The caller asked for something that cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(message) }
    }

    /// Something holds the work up that will go by.
    pub fn try_later(message: impl Into<String>) -> Self {
        Self { exit: Exit::TryLater, ..Self::failed(message) }
    }

    /// The same, as something that may go by.
    #[must_use]
    pub fn later(mut self) -> Self {
        self.exit = Exit::TryLater;
        self
    }

    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Adds the line that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

/// Exit code of whatever reached `main`.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    error.downcast_ref::<Fault>().map_or(Exit::Failed, |fault| fault.exit)
}

/// The remedy that goes with an error, if there is one.
pub fn hint_of(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Fault>()?.hint.as_deref()
}

/// Whether the reader of our output went away, which is no failure of ours.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// `nearest("modle", …)` → `Some("model")`: the known word that a mistyped one most resembles.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(word, k), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_the_meant_word_and_no_other() {
        let known = ["infer.model", "infer.input", "infer.threads"];
        assert_eq!(nearest("infer.modle", known), Some("infer.model"));
        assert_eq!(nearest("zebra", known), None);
    }

    #[test]
    fn a_fault_keeps_its_exit_code_below_context() {
        let error = anyhow::Error::from(Fault::usage("no model").hint("give one")).context("infer");
        assert_eq!(exit_of(&error), Exit::Usage);
        assert_eq!(hint_of(&error), Some("give one"));
    }
}
