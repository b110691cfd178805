//! What PostgreSQL servers are told of their memory.

use super::lines::{self, Given, Token};
use super::size::{self, KIB};
use crate::compose::view::{Service, View};

/// The options of one server.
pub(super) struct Postgres<'m> {
    tokens: Vec<Token<'m>>,
    /// The image is known to run PostgreSQL with its own settings, and the command is all that it is told.
    pub(super) is_open: bool,
    /// TimescaleDB's image, which fits the settings to the container when it makes the database.
    pub(super) is_timescale: bool,
}

/// A block of the server's, in which buffers are counted.
const BLOCK: u64 = 8 * KIB;

const IMAGES: [&str; 5] = [
    "postgis/postgis",
    "pgvector/pgvector",
    "timescale/timescaledb",
    "timescale/timescaledb-ha",
    "library/postgres",
];

impl<'m> Postgres<'m> {
    pub(super) fn of(view: &View<'_>, service: &Service<'m>) -> Option<Self> {
        let tokens = lines::tokens(service);
        let is_image = !service.is_built()
            && (service.image().is_some_and(|image| image.repository == "postgres")
                || IMAGES.iter().any(|name| lines::image_ends_with(service, name)));
        let is_server = |token: &Token<'_>| token.text.rsplit('/').next() == Some("postgres");
        let names_server = tokens.iter().any(is_server);
        let runs_server = match tokens.first() {
            None => is_image,
            Some(first) => names_server || (is_image && first.text.starts_with('-')),
        };
        let is_timescale =
            service.image().is_some_and(|image| image.repository.contains("timescaledb"));
        let has_file = tokens.iter().any(|token| {
            token.text.contains("config_file")
                || lines::ending(token.text) == Some("conf")
                || token.text.contains('$')
        });
        // Scripts that are mounted there may write settings.
        let has_scripts =
            service.mounts().iter().any(|mount| mount.target.starts_with("/docker-entrypoint"));
        let is_open = is_image
            && !has_file
            && !has_scripts
            && !lines::has_settings_mounted(service)
            && lines::knows_environment(view, service);
        runs_server.then_some(Self { tokens, is_open, is_timescale })
    }

    /// `-c name=value`, `-cname=value`, `--name=value`; dashes in the name are as good as underscores, and capitals as
    /// small letters. The last one counts.
    pub(super) fn setting(&self, name: &str) -> Option<Given<'m>> {
        let is_name = |text: &str| {
            text.len() == name.len() && text.replace('-', "_").eq_ignore_ascii_case(name)
        };
        let of = |(at, token): (usize, &Token<'m>)| {
            let text = token.text.trim_matches(['"', '\'']);
            let assignment = match text.strip_prefix("--").or_else(|| text.strip_prefix("-c")) {
                Some(rest) if !rest.is_empty() => rest,
                // A word behind `-c`; of a script's own `-c` the next word is no assignment.
                _ if at > 0 && self.tokens[at - 1].text == "-c" => text,
                _ => return None,
            };
            let (key, value) = assignment.trim_matches(['"', '\'']).split_once('=')?;
            is_name(key.trim()).then(|| Given {
                written: text.to_owned(),
                value: value.trim_matches(['"', '\'']),
                node: token.node,
            })
        };
        self.tokens.iter().enumerate().filter_map(of).next_back()
    }

    /// One of `-B`, `-N` and `-S`, which are settings too.
    fn letter(&self, letter: &str) -> Option<Given<'m>> {
        let is_plain = self
            .tokens
            .first()
            .is_some_and(|first| first.text == "postgres" || first.text.starts_with('-'));
        lines::option(&self.tokens, &[letter]).filter(|_| is_plain)
    }

    /// A size in bytes, with where it is set.
    fn bytes(&self, name: &str, letter: Option<&str>, scale: u64) -> Said<'m> {
        let given = self.setting(name).or_else(|| self.letter(letter?));
        let Some(given) = given else { return Said::Nothing };
        match size::postgres(given.value, scale) {
            Some(bytes) => Said::This(given, bytes),
            None => Said::Unreadable,
        }
    }

    pub(super) fn shared_buffers(&self) -> Said<'m> {
        self.bytes("shared_buffers", Some("-B"), BLOCK)
    }

    pub(super) fn effective_cache_size(&self) -> Said<'m> {
        self.bytes("effective_cache_size", None, BLOCK)
    }

    pub(super) fn work_mem(&self) -> Said<'m> {
        self.bytes("work_mem", Some("-S"), KIB)
    }

    /// What each worker of autovacuum may take.
    pub(super) fn maintenance(&self) -> Said<'m> {
        match self.bytes("autovacuum_work_mem", None, KIB) {
            // `-1` is the same as `maintenance_work_mem`.
            Said::Nothing | Said::Unreadable => self.bytes("maintenance_work_mem", None, KIB),
            said @ Said::This(..) => said,
        }
    }

    pub(super) fn connections(&self) -> Said<'m> {
        let given = self.setting("max_connections").or_else(|| self.letter("-N"));
        number(given)
    }

    pub(super) fn autovacuum_workers(&self) -> Said<'m> {
        number(self.setting("autovacuum_max_workers"))
    }
}

fn number(given: Option<Given<'_>>) -> Said<'_> {
    let Some(given) = given else { return Said::Nothing };
    match given.value.parse() {
        Ok(number) => Said::This(given, number),
        Err(_) => Said::Unreadable,
    }
}

/// What a command says of a setting.
pub(super) enum Said<'m> {
    Nothing,
    Unreadable,
    This(Given<'m>, u64),
}

impl Said<'_> {
    /// Its value, or what the server takes without it; `None` where nobody can tell.
    pub(super) fn or(&self, default: Option<u64>) -> Option<u64> {
        match self {
            Self::This(_, value) => Some(*value),
            Self::Nothing => default,
            Self::Unreadable => None,
        }
    }

    pub(super) fn given(&self) -> Option<&Given<'_>> {
        match self {
            Self::This(given, _) => Some(given),
            _ => None,
        }
    }
}
