//! Names of breakers, in the configuration and in the state.

use std::fmt;
use std::str::FromStr;

/// What a breaker is called: `[a-z0-9][a-z0-9_.-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_begin = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = |b: u8| is_begin(b) || b"_.-".contains(&b);
        match text.as_bytes() {
            [first, rest @ ..]
                if is_begin(*first) && rest.len() < 64 && rest.iter().all(|b| fits(*b)) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err("a name of lower-case letters, digits, _, . and - was expected, 64 at most, \
                 beginning with a letter or digit"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Name {
    /// One that was checked when it was stored.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
