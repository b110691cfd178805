//! CV502.

use super::lines::{self, Given, Token};
use super::size::{self, shown};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV502",
        name: "redis-maxmemory",
        severity: Severity::Warning,
        about: "Redis does not keep within the container's memory",
    },
    sets: EVERY,
    fix: None,
    why: "\
Redis holds its data in memory and knows nothing of the container's limit. Without `maxmemory` it grows until the
kernel kills it, and what was not saved yet is lost. With `maxmemory` it evicts keys or refuses writes, as
`maxmemory-policy` says, and goes on. A broker of tasks or sessions that holds a few megabytes never gets there: then the
warning is a question of order, and any `maxmemory` answers it.

`maxmemory` is for the data alone. Fragmentation, the buffers of clients and replicas, and the pages that are copied
while a child process saves come on top, so more than 75 % of the limit is a warning (a rule of thumb), and as much as
the limit an error. `0` is no limit.

Sizes are read as Redis reads them: `1g` is 1000³ bytes, `1gb` is 1024³. Looked at are the command, the entrypoint,
and the variables `REDIS_ARGS` (Redis Stack), `REDIS_EXTRA_FLAGS` and `VALKEY_EXTRA_FLAGS` of those images that read
them. Where a configuration file is in play, what it says is not known, and a `maxmemory` that is not in the command
is not missed.

A note is given for a cache (its name says so, or `--save \"\"` turns saving off) with a `maxmemory` but no
`maxmemory-policy`: Redis evicts nothing then, and writes fail when it is full. For a queue that is right.",
    bad: "\
services:
  cache:
    image: redis:7.4
    command: redis-server --save \"\"
    mem_limit: 1g
",
    good: "\
services:
  cache:
    image: redis:7.4
    command: redis-server --save \"\" --maxmemory 768mb --maxmemory-policy allkeys-lru
    mem_limit: 1g
",
    check,
};

/// More than this share of the limit leaves too little beside the data.
const MOST: u64 = 75;

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        if let Some(redis) = Redis::of(service) {
            let found = check_redis(view, service, &redis);
            findings.extend(found.map(|finding| finding.service(service.name)));
        }
    }
}

struct Redis<'m> {
    tokens: Vec<Token<'m>>,
    /// All that it is told is known.
    is_open: bool,
}

/// Images whose entrypoint runs the server with what the command says.
const IMAGES: [&str; 8] = [
    "redis",
    "valkey/valkey",
    "bitnami/redis",
    "bitnami/valkey",
    "bitnamilegacy/redis",
    "redis/redis-stack",
    "redis/redis-stack-server",
    "eqalpha/keydb",
];
const SERVERS: [&str; 3] = ["redis-server", "valkey-server", "keydb-server"];
/// Options that the images put behind the server's name.
const VARIABLES: [&str; 3] = ["REDIS_ARGS", "REDIS_EXTRA_FLAGS", "VALKEY_EXTRA_FLAGS"];

impl<'m> Redis<'m> {
    fn of(service: &Service<'m>) -> Option<Self> {
        let mut tokens = lines::tokens(service);
        let is_server = |token: &Token<'_>| {
            SERVERS.iter().any(|name| token.text.rsplit('/').next() == Some(name))
        };
        let names_server = tokens.iter().any(is_server);
        let is_image = !service.is_built() && is_redis(service);
        let runs_server = match tokens.first() {
            None => is_image,
            Some(first) => names_server || (is_image && first.text.starts_with('-')),
        };
        let is_sentinel = tokens.iter().any(|token| token.text == "--sentinel");
        if !runs_server || is_sentinel {
            return None;
        }
        for variable in service.environment().into_iter().filter(|v| VARIABLES.contains(&v.name)) {
            let words = variable.value.map(lines::split).into_iter().flatten();
            tokens.extend(words.map(|text| Token { text, node: variable.node }));
        }
        let has_file = tokens.iter().any(|token| {
            lines::ending(token.text) == Some("conf")
                || token.text == "-"
                || token.text.contains('$')
        });
        let is_open = is_image && !has_file && !lines::has_settings_mounted(service);
        Some(Self { tokens, is_open })
    }

    /// Redis takes `--name value` only.
    fn option(&self, name: &str) -> Option<Given<'m>> {
        lines::option(&self.tokens, &[name])
    }
}

/// `redis` itself, `redis` of a registry's mirror of Docker's, and the images of others.
fn is_redis(service: &Service<'_>) -> bool {
    service.image().is_some_and(|image| image.repository == "redis")
        || IMAGES[1..].iter().any(|name| lines::image_ends_with(service, name))
}

/// The limit of which `maxmemory` is as much as it may be.
pub(super) fn needed(service: &Service<'_>) -> Option<u64> {
    let most = size::redis(Redis::of(service)?.option("--maxmemory")?.value)?;
    Some(size::whole(most, MOST))
}

fn check_redis(view: &View<'_>, service: &Service<'_>, redis: &Redis<'_>) -> Option<Finding> {
    let limit = service.memory_limit();
    let Some(given) = redis.option("--maxmemory") else {
        return missing(view, service, redis);
    };
    let bytes = size::redis(given.value).filter(|_| !given.written.contains('='))?;
    if bytes == 0 {
        let text = "`maxmemory` of 0 is no limit: Redis grows until the kernel kills it";
        let finding = given.finding(view, &RULE.code, text);
        return Some(finding.help(format!("use {}", better(service))));
    }
    let Some(limit) = limit else { return no_policy(view, service, redis, &given) };
    let (severity, text) = verdict(&given, bytes, limit.value)
        .map_or((Severity::Note, String::new()), |verdict| verdict);
    if text.is_empty() {
        return no_policy(view, service, redis, &given);
    }
    let finding = given.finding(view, &RULE.code, text).severity(severity);
    let finding = finding.note(limit.node.span, "the limit is set here");
    Some(finding.help(format!("use {}, or raise the limit", better(service))))
}

fn verdict(given: &Given<'_>, bytes: u64, limit: u64) -> Option<(Severity, String)> {
    let (value, of) = (given.value, shown(limit));
    if bytes > limit {
        let text = format!("`maxmemory` of {value} is more than the memory limit of {of}");
        Some((Severity::Error, text))
    } else if bytes == limit {
        let text = format!("`maxmemory` of {value} is all of the memory limit of {of}");
        Some((Severity::Error, text))
    } else if size::exceeds(bytes, MOST, limit) {
        let percent = size::percent(bytes, limit);
        let text = format!("`maxmemory` of {value} is {percent} % of the memory limit of {of}");
        Some((Severity::Warning, text))
    } else {
        None
    }
}

fn missing(view: &View<'_>, service: &Service<'_>, redis: &Redis<'_>) -> Option<Finding> {
    if !redis.is_open || !lines::knows_environment(view, service) {
        return None;
    }
    let (of, end) = match service.memory_limit() {
        Some(limit) => (format!("the limit of {}", shown(limit.value)), "is reached"),
        None => ("the host's memory".to_owned(), "is full"),
    };
    let text = format!("`{}` has no `maxmemory`: it grows until {of} {end}", service.name);
    let finding = Finding::new(&RULE.code, service.key, text);
    Some(finding.help(match variable(service) {
        Some(name) => format!("in `{name}`, add {}", better(service)),
        None => format!("add {}", better(service)),
    }))
}

/// Where options belong for an image that starts the server itself.
fn variable(service: &Service<'_>) -> Option<&'static str> {
    let repository = service.image().filter(|_| lines::tokens(service).is_empty())?.repository;
    let [stack, redis, valkey] = VARIABLES;
    if repository.contains("redis-stack") {
        Some(stack)
    } else if repository.contains("bitnami") {
        Some(if repository.ends_with("valkey") { valkey } else { redis })
    } else {
        None
    }
}

fn better(service: &Service<'_>) -> String {
    match service.memory_limit() {
        Some(limit) => {
            let size = size::written(size::share(limit.value, MOST), "mb", "gb");
            format!("`--maxmemory {size}`, 75 % of the limit")
        }
        None => "`--maxmemory`, and a memory limit a third above it".to_owned(),
    }
}

/// A cache that evicts nothing.
fn no_policy(
    view: &View<'_>,
    service: &Service<'_>,
    redis: &Redis<'_>,
    given: &Given<'_>,
) -> Option<Finding> {
    let saves = redis.option("--save").is_none_or(|save| !save.value.is_empty());
    let appends = redis.option("--appendonly").is_some_and(|given| given.value == "yes");
    let is_cache = service.name.to_ascii_lowercase().contains("cache") || (!saves && !appends);
    if !is_cache || !redis.is_open || redis.option("--maxmemory-policy").is_some() {
        return None;
    }
    let text = "`maxmemory` without `maxmemory-policy`: a cache that is full refuses to write";
    let finding = given.finding(view, &RULE.code, text).severity(Severity::Note);
    Some(finding.help("add `--maxmemory-policy allkeys-lru`"))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{judged, of};

    fn with(rest: &str) -> Vec<String> {
        of(
            "CV502",
            &format!("services:\n  a:\n    image: redis:7\n    mem_limit: 1g\n    {rest}\n"),
        )
    }

    #[test]
    fn sizes_are_held_against_the_limit() {
        for (size, wanted) in [
            ("768mb", None),
            ("805306368", None),
            ("805m", None),
            ("769mb", Some("warning `maxmemory` of 769mb is 76 % of the memory limit of 1 GiB")),
            ("806m", Some("warning `maxmemory` of 806m is 76 % of the memory limit of 1 GiB")),
            ("1g", Some("warning `maxmemory` of 1g is 94 % of the memory limit of 1 GiB")),
            ("1gb", Some("error `maxmemory` of 1gb is all of the memory limit of 1 GiB")),
            ("2GB", Some("error `maxmemory` of 2GB is more than the memory limit of 1 GiB")),
            (
                "0",
                Some("warning `maxmemory` of 0 is no limit: Redis grows until the kernel kills it"),
            ),
            ("75%", None),
            ("$$SIZE", None),
            ("99999999999999999999gb", None),
        ] {
            for (command, place) in [
                (format!("redis-server --maxmemory {size} --port 6379"), "5:27"),
                (format!("[--maxmemory, '{size}']"), "5:28"),
                (format!("sh -c 'exec redis-server --maxmemory {size}'"), "5:39"),
            ] {
                let wanted: Vec<String> =
                    wanted.iter().map(|wanted| format!("{place} {wanted}")).collect();
                assert_eq!(with(&format!("command: {command}")), wanted, "{command}");
            }
        }
    }

    #[test]
    fn without_it_redis_grows() {
        let limited =
            "2:3 warning `a` has no `maxmemory`: it grows until the limit of 1 GiB is reached";
        for rest in [
            "restart: always",
            "command: redis-server --save 60 1",
            "command: --appendonly yes",
            "command: [redis-server, --save, '60 1', --requirepass, x]",
            "command: sh -c 'redis-server --save 60 1'",
            "command: redis-server --maxmemory-policy allkeys-lru",
        ] {
            assert_eq!(with(rest), [limited], "{rest}");
        }
        for rest in [
            "command: redis-server /usr/local/etc/redis/redis.conf",
            "command: redis-server --include /a.conf",
            "command: sh /start.sh",
            "command: [redis-cli, ping]",
            "command: redis-sentinel /etc/s.conf",
            "command: redis-server --sentinel",
            "command: sh -c 'redis-server $$ARGS'",
            "build: .",
            "volumes: ['./redis.conf:/usr/local/etc/redis/redis.conf']",
            "configs: [redis]\nconfigs: {redis: {file: a}}",
        ] {
            assert_eq!(with(rest), [""; 0], "{rest}");
        }
        assert_eq!(
            of("CV502", "services: {a: {image: valkey/valkey}}\n"),
            ["1:12 warning `a` has no `maxmemory`: it grows until the host's memory is full"]
        );
    }

    #[test]
    fn images_that_only_sound_like_it_are_left_alone() {
        for image in [
            "redis/redisinsight",
            "oliver006/redis_exporter",
            "my/redis",
            "redislabs/x",
            "dragonfly",
        ] {
            let text = format!("services: {{a: {{image: {image}}}}}\n");
            assert_eq!(of("CV502", &text), [""; 0], "{image}");
        }
        let stack = "services: {a: {image: redis/redis-stack, mem_limit: 4g, environment: [\"REDIS_ARGS=--maxmemory 4gb\"]}}\n";
        assert_eq!(
            of("CV502", stack),
            ["1:83 error `maxmemory` of 4gb is all of the memory limit of 4 GiB"]
        );
    }

    #[test]
    fn options_belong_where_the_image_reads_them() {
        for (image, wanted) in [
            ("image: redis:7", "add `--maxmemory 768mb`"),
            ("image: redis/redis-stack:7.2.0-v9", "in `REDIS_ARGS`, add `--maxmemory 768mb`"),
            ("image: redis/redis-stack, command: redis-server", "add `--maxmemory 768mb`"),
            ("image: bitnami/redis:7.0", "in `REDIS_EXTRA_FLAGS`, add `--maxmemory 768mb`"),
            ("image: bitnami/valkey", "in `VALKEY_EXTRA_FLAGS`, add `--maxmemory 768mb`"),
        ] {
            let found = judged(&format!("services: {{a: {{{image}, mem_limit: 1g}}}}\n"));
            let found = found.iter().find(|finding| finding.code.id == "CV502");
            let help = found.and_then(|finding| finding.help.as_deref());
            assert_eq!(help, Some(format!("{wanted}, 75 % of the limit").as_str()), "{image}");
        }
    }

    #[test]
    fn a_cache_should_evict() {
        for (name, options, is_found) in [
            ("cache", "", true),
            ("queue", "", false),
            ("queue", "--save ''", true),
            ("queue", "--save '' --appendonly yes", false),
            ("cache", "--maxmemory-policy noeviction", false),
        ] {
            let text = format!(
                "services: {{{name}: {{image: redis, mem_limit: 1g, command: \"redis-server --maxmemory 100mb {options}\"}}}}\n"
            );
            assert_eq!(of("CV502", &text).len(), usize::from(is_found), "{text}");
        }
    }
}
