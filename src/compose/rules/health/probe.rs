//! What the line of a health check runs, and how it can end.

use super::shell::{Command, Joint, List, Simple, Word, parse};
use super::wrappers::{Runs, peel};

/// The ways in which a command can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends(u8);

impl Ends {
    const PASS: Self = Self(1);
    const FAIL: Self = Self(2);
    /// The shell itself ends.
    const EXIT_PASS: Self = Self(4);
    const EXIT_FAIL: Self = Self(8);
    const NONE: Self = Self(0);
    /// Nobody knows.
    const EITHER: Self = Self(3);

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn can_pass(self) -> bool {
        self.has(Self(5))
    }

    pub(super) fn can_fail(self) -> bool {
        self.has(Self(10))
    }

    /// As a shell around it sees it.
    fn of_process(self) -> Self {
        Self((self.0 | self.0 >> 2) & 3)
    }

    /// With `exec`, the shell ends as well.
    fn exits(self) -> Self {
        Self(self.of_process().0 << 2)
    }

    fn negated(self) -> Self {
        let pass = if self.has(Self::FAIL) { Self::PASS } else { Self::NONE };
        let fail = if self.has(Self::PASS) { Self::FAIL } else { Self::NONE };
        self.and(Self(12)).or(pass).or(fail)
    }
}

/// The command of a health check.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    list: List,
    /// `CMD-SHELL`.
    has_shell: bool,
    /// A command on the way may end it, by `set -e` or `pipefail`.
    is_strict: bool,
}

impl Probe {
    /// `None` where it is disabled, empty, or not understood.
    pub(super) fn of(test: &[&str]) -> Option<Self> {
        let is_strict =
            test.iter().flat_map(|word| word.split([' ', '\n', ';', '&'])).any(|word| {
                word == "pipefail" || word.starts_with('-') && word.contains('e') && is_short(word)
            });
        match test {
            ["CMD", words @ ..] if !words.is_empty() => {
                let words = words.iter().map(|word| Word::fixed(word)).collect();
                let simple = Simple { words, redirects: Vec::new() };
                let list = vec![(Joint::Then, Command::Simple(simple))];
                Some(Self { list, has_shell: false, is_strict })
            }
            ["CMD-SHELL", line, ..] => {
                parse(line, 0).map(|list| Self { list, has_shell: true, is_strict })
            }
            _ => None,
        }
    }

    /// How it can end, where some programs are known to be missing.
    pub(super) fn ends(&self, lacks: &dyn Fn(&str) -> bool) -> (Ends, Vec<String>) {
        let mut run = Run { lacks, missing: Vec::new(), depth: 0 };
        let shell = if self.has_shell { Shell::Posix } else { Shell::None };
        let ends = if self.has_shell && run.misses("sh") {
            Ends::FAIL
        } else {
            run.list(&self.list, shell)
        };
        (if self.is_strict { ends.or(Ends::FAIL) } else { ends }, run.missing)
    }

    /// Every command, and whether its end decides how the check ends.
    pub(super) fn commands(&self) -> Vec<(Simple, bool)> {
        let mut all = Vec::new();
        visit(&self.list, true, 0, &mut all);
        all
    }
}

/// Letters behind one dash, as options of shells are.
fn is_short(word: &str) -> bool {
    word.len() <= 6 && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shell {
    None,
    /// `sh`, whichever that is.
    Posix,
    /// One that was asked for by name.
    Named,
}

struct Run<'k> {
    lacks: &'k dyn Fn(&str) -> bool,
    missing: Vec<String>,
    depth: usize,
}

impl Run<'_> {
    fn misses(&mut self, program: &str) -> bool {
        let is_missing = (self.lacks)(program);
        if is_missing && !self.missing.iter().any(|known| known == program) {
            self.missing.push(program.to_owned());
        }
        is_missing
    }

    fn list(&mut self, list: &List, shell: Shell) -> Ends {
        let mut ends = Ends::PASS;
        for (at, (joint, command)) in list.iter().enumerate() {
            let goes_on = match joint {
                Joint::And if at > 0 => Ends::PASS,
                Joint::Or if at > 0 => Ends::FAIL,
                _ => Ends::EITHER,
            };
            if ends.has(goes_on) {
                let stays = Ends(ends.0 & !goes_on.0);
                ends = stays.or(self.command(command, shell));
            }
        }
        ends
    }

    fn command(&mut self, command: &Command, shell: Shell) -> Ends {
        match command {
            Command::Simple(simple) => self.simple(simple, shell),
            Command::Pipeline(parts) => self.pipeline(parts, shell),
            Command::Not(inner) => self.command(inner, shell).negated(),
            Command::Group { list, is_subshell: true } => self.list(list, shell).of_process(),
            Command::Group { list, .. } => self.list(list, shell),
        }
    }

    fn pipeline(&mut self, parts: &[Command], shell: Shell) -> Ends {
        let mut is_broken = false;
        let mut ends = Ends::EITHER;
        for (at, part) in parts.iter().enumerate() {
            let known = self.missing.len();
            ends = self.command(part, shell).of_process();
            let is_last = at + 1 == parts.len();
            is_broken |= !is_last && self.missing.len() > known && !ends.can_pass();
        }
        match parts.last() {
            // Nothing comes through it to be found.
            Some(Command::Simple(last)) if is_broken && is_named(last, GREPS) => Ends::FAIL,
            Some(Command::Simple(last)) if ends.can_pass() && copies(last) => Ends::PASS,
            _ => ends,
        }
    }

    fn simple(&mut self, simple: &Simple, shell: Shell) -> Ends {
        let is_socket = |to: &String| to.starts_with("/dev/tcp/") || to.starts_with("/dev/udp/");
        // Only bash knows these; a `sh` that is bash has one beside it.
        if shell == Shell::Posix && simple.redirects.iter().any(is_socket) && self.misses("bash") {
            return Ends::FAIL;
        }
        let peeled = peel(&simple.words, shell != Shell::None);
        if peeled.wrappers.iter().any(|program| self.misses(program)) {
            return Ends::FAIL;
        }
        let is_quiet = |to: &String| to == "/dev/null" || to.bytes().all(|b| b.is_ascii_digit());
        let ends = match peeled.runs {
            Runs::Nothing | Runs::Unknown => Ends::EITHER,
            Runs::Script(line) => self.script(line),
            Runs::Words(words) => self.program(words, shell),
        };
        let ends = if simple.redirects.iter().all(is_quiet) { ends } else { ends.or(Ends::FAIL) };
        if peeled.is_exec { ends.exits() } else { ends }
    }

    /// The line behind `sh -c`.
    fn script(&mut self, line: &str) -> Ends {
        self.depth += 1;
        let ends = match parse(line, self.depth) {
            Some(list) => self.list(&list, Shell::Named).of_process(),
            None => Ends::EITHER,
        };
        self.depth -= 1;
        ends
    }

    fn program(&mut self, words: &[Word], shell: Shell) -> Ends {
        let Some((first, arguments)) = words.split_first() else { return Ends::EITHER };
        if !first.is_fixed {
            return Ends::EITHER;
        }
        let name = base(&first.text);
        let plain: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
        let has_builtins = shell != Shell::None && !first.text.contains('/');
        let builtin =
            if has_builtins { self.builtin(name, arguments, &plain, shell) } else { None };
        if let Some(ends) = builtin {
            return ends;
        }
        if self.misses(name) {
            return Ends::FAIL;
        }
        match (name, &plain[..]) {
            ("which", [program]) => self.finds(program),
            ("false", _) => Ends::FAIL,
            // With the last, the program is there; of the service this says nothing.
            ("true" | "echo" | "printf" | "sleep" | "date", _) | (_, ["--version" | "--help"]) => {
                Ends::PASS
            }
            _ => Ends::EITHER,
        }
    }

    /// What a shell does itself.
    fn builtin(
        &mut self,
        name: &str,
        arguments: &[Word],
        plain: &[&str],
        shell: Shell,
    ) -> Option<Ends> {
        Some(match (name, plain) {
            ("true" | ":" | "echo" | "printf" | "pwd", _) => Ends::PASS,
            ("false", _) => Ends::FAIL,
            ("exit" | "return", [code]) if arguments.iter().all(|word| word.is_fixed) => {
                let is_pass = code.trim_start_matches('0').is_empty();
                if is_pass { Ends::EXIT_PASS } else { Ends::EXIT_FAIL }
            }
            ("exit" | "return", _) => Ends::EITHER.exits(),
            ("[" | "[[" | "test", _) => self.test(arguments, shell),
            ("command", ["-v" | "-V", program]) | ("type" | "hash", [.., program]) => {
                self.finds(program)
            }
            ("cd" | "export" | "set" | "eval" | "." | "source" | "kill" | "read", _) => {
                Ends::EITHER
            }
            _ => return None,
        })
    }

    fn finds(&mut self, program: &str) -> Ends {
        if self.misses(base(program)) { Ends::FAIL } else { Ends::EITHER }
    }

    /// `[ "$(curl …)" = ok ]` cannot hold where there is no `curl`.
    fn test(&mut self, arguments: &[Word], shell: Shell) -> Ends {
        let asks = |operators: &[&str]| {
            arguments.iter().any(|word| operators.contains(&word.text.as_str()))
        };
        let is_plain = asks(&["=", "==", "-eq", "-n"])
            && !asks(&["!", "-z", "!=", "-ne", "-o", "|", "-lt", "-le", "", "0"]);
        for list in arguments.iter().flat_map(|word| &word.inner) {
            let known = self.missing.len();
            let ends = self.list(list, shell);
            if is_plain && self.missing.len() > known && !ends.can_pass() {
                return Ends::FAIL;
            }
        }
        Ends::EITHER
    }
}

const GREPS: &[&str] = &["grep", "egrep", "fgrep", "zgrep"];

fn is_named(simple: &Simple, names: &[&str]) -> bool {
    simple.words.first().is_some_and(|word| names.contains(&base(&word.text)))
}

/// Hands on what comes in, and is content with it.
fn copies(simple: &Simple) -> bool {
    let has_files = simple.words.iter().skip(1).any(|word| {
        !word.text.starts_with('-') && !word.text.bytes().all(|byte| byte.is_ascii_digit())
    });
    is_named(simple, &["cat", "head", "tail", "wc"]) && !has_files || is_named(simple, &["tee"])
}

/// The name of a program without its folder.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn visit(list: &List, decides: bool, depth: usize, all: &mut Vec<(Simple, bool)>) {
    for (_, command) in list {
        visit_command(command, decides, depth, all);
    }
}

fn visit_command(command: &Command, decides: bool, depth: usize, all: &mut Vec<(Simple, bool)>) {
    match command {
        Command::Simple(simple) => {
            for list in simple.words.iter().flat_map(|word| &word.inner) {
                visit(list, false, depth, all);
            }
            match peel(&simple.words, true).runs {
                Runs::Nothing => {}
                Runs::Script(line) => {
                    if let Some(list) = parse(line, depth + 1) {
                        visit(&list, decides, depth + 1, all);
                    }
                }
                Runs::Words(words) => {
                    let redirects = simple.redirects.clone();
                    all.push((Simple { words: words.to_vec(), redirects }, decides));
                }
                Runs::Unknown => all.push((simple.clone(), decides)),
            }
        }
        Command::Pipeline(parts) => {
            for (at, part) in parts.iter().enumerate() {
                visit_command(part, decides && at + 1 == parts.len(), depth, all);
            }
        }
        Command::Not(inner) => visit_command(inner, decides, depth, all),
        Command::Group { list, .. } => visit(list, decides, depth, all),
    }
}
