//! CV601.

use super::datastore::{is_datastore, serves};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::images::Kind;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Mount, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV601",
        name: "datastore-volume",
        severity: Severity::Error,
        about: "the data of a datastore goes with its container",
    },
    sets: PLATFORM,
    fix: None,
    why: "\
What a container writes outside of its mounts is lost when the container is removed, which `docker compose down` does,
and `up` too wherever the image or the configuration changed. A database without a volume works for weeks, until the
first upgrade.

Looked at are images that are known to keep data (databases, brokers, object stores, metrics), with the folders where
they keep it. A mount counts that lies at such a folder or above it: a named volume, a folder of the host, or a tmpfs,
which somebody chose on purpose. A folder counts too that a variable or an option names as the place for data, such as
`PGDATA`, `--datadir` or MinIO's `server /export`, if something is mounted there.

An anonymous volume is a warning: it outlives the container, but the next one after `docker compose down` gets a new
one. A cache such as Redis without a volume is a warning as well, and nothing is said of one that is told to save
nothing (`--save \"\"`). Services that are meant to end, and those that run a client of the image instead of its
server (`pg_dump`, `redis-cli`), keep no data. Loki, Tempo and Mosquitto save what and where their configuration says.
Of images that are not known, and of those built here, nothing is said.",
    bad: "\
services:
  registry:
    image: postgres:17.2
",
    good: "\
services:
  registry:
    image: postgres:17.2
    volumes:
      - registry-data:/var/lib/postgresql/data
volumes:
  registry-data:
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = view.services.iter().filter(|service| is_datastore(service));
    for service in services.filter(|service| serves(service) && !view.is_one_shot(service)) {
        let known = service.known();
        let Some(path) = known.data().first() else { continue };
        if is_elsewhere(service) || saves_nothing(service) || is_configured(service) {
            continue;
        }
        let mounts = service.mounts();
        let mut held =
            mounts.iter().filter(|mount| known.data().iter().any(|path| mount.holds(path)));
        if held.clone().any(|mount| !is_anonymous(mount)) {
            continue;
        }
        findings.add(match held.next() {
            Some(mount) => anonymous(service, mount),
            None => missing(service, path),
        });
    }
}

fn anonymous(service: &Service<'_>, mount: &Mount<'_>) -> Finding {
    let finding = mount.node.finding(&RULE.code, "the data is in a volume without a name");
    let help = format!("give it one: `{}-data:{}`", service.name, mount.target);
    finding.severity(Severity::Warning).service(service.name).help(help)
}

fn missing(service: &Service<'_>, path: &str) -> Finding {
    let mounts = service.mounts();
    let is_below = |mount: &&Mount<'_>| {
        mount.target.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    let name = service.name;
    let (text, below) = match mounts.iter().find(is_below) {
        Some(mount) => {
            let text = format!("`{name}` keeps its data in `{path}`, and only a part is mounted");
            (text, Some(mount.node.span))
        }
        None => {
            (format!("`{name}` keeps its data in `{path}`, and nothing is mounted there"), None)
        }
    };
    let is_cache = service.known().kind() == Some(Kind::Cache) && !persists(service);
    // Where an image keeps its data may change with the version, and nobody knows which one this is.
    let has_version = |tag: &str| tag.bytes().any(|byte| byte.is_ascii_digit());
    let tag = service.image().and_then(|image| image.tag);
    let is_moving = below.is_some() && !tag.is_some_and(has_version);
    let severity = if is_cache || is_moving { Severity::Warning } else { Severity::Error };
    let help = format!("mount a named volume: `{name}-data:{path}`");
    let finding = Finding::new(&RULE.code, service.key, text).severity(severity);
    let finding = finding.service(name).help(help);
    match below {
        Some(span) => finding.note(span, "this part is mounted"),
        None => finding,
    }
}

fn is_anonymous(mount: &Mount<'_>) -> bool {
    mount.kind == "volume" && mount.source.is_none()
}

/// Whether its data may be where nobody can tell from here: in mounts of other containers, or in a mount that a
/// variable or an option names as the place for it.
fn is_elsewhere(service: &Service<'_>) -> bool {
    if !service.list(&["volumes_from"]).is_empty() {
        return true;
    }
    let mounts = service.mounts();
    let mounts: Vec<&Mount<'_>> = mounts.iter().filter(|mount| !is_anonymous(mount)).collect();
    if mounts.is_empty() {
        return false;
    }
    let is_mounted = |text: &str| {
        text.split([',', ' ', '\n']).filter_map(path).any(|path| {
            // `/data{1...4}` of MinIO is four folders.
            let (path, is_many) = match path.split_once('{') {
                Some((first, _)) => (first, true),
                None => (path.trim_end_matches('/'), false),
            };
            mounts
                .iter()
                .any(|mount| mount.holds(path) || is_many && mount.target.starts_with(path))
        })
    };
    let is_place = |name: &str| {
        let name = name.to_ascii_lowercase();
        let is_data = ["data", "dir", "path", "storage", "store", "home", "volume"]
            .iter()
            .any(|part| name.contains(part));
        let is_other =
            ["config", "conf", "cert", "key", "ssl", "tls", "plugin", "log_file", "init", "script"];
        is_data && !is_other.iter().any(|part| name.contains(part))
    };
    let variables = service.environment();
    let mut told = variables.iter().filter(|variable| is_place(variable.name));
    told.any(|variable| variable.value.is_some_and(is_mounted))
        || is_option_for(service, &is_place, &is_mounted)
}

/// The path of `/data`, `file:///data` or `http://minio{1...4}/data`.
fn path(text: &str) -> Option<&str> {
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map(|at| &rest[at..])?,
        None => text.trim_start_matches("file:"),
    };
    (path.len() > 1 && path.starts_with('/')).then_some(path)
}

fn is_option_for(
    service: &Service<'_>,
    is_place: &dyn Fn(&str) -> bool,
    is_mounted: &dyn Fn(&str) -> bool,
) -> bool {
    let words = service.words();
    let parts: Vec<&str> = words.iter().flat_map(|word| word.text.split_whitespace()).collect();
    let (mut before, mut is_after_server) = ("", false);
    for part in parts {
        let is_found = match part.split_once('=') {
            Some((name, value)) => is_place(name) && is_mounted(value),
            None if before.starts_with('-') && is_place(before) => is_mounted(part),
            // `server /data`: a place without the name of an option.
            None => is_after_server && is_mounted(part),
        };
        if is_found {
            return true;
        }
        is_after_server |= part == "server";
        before = part;
    }
    false
}

/// Whether its configuration, which nobody can see from here, decides if and where it saves anything.
fn is_configured(service: &Service<'_>) -> bool {
    let Some(image) = service.image() else { return false };
    let words = service.words();
    let has = |part: &str| words.iter().any(|word| word.text.contains(part));
    match image.repository.rsplit('/').next().unwrap_or_default() {
        "eclipse-mosquitto" => true,
        // Alone it is in its mode for development, in which it saves nothing.
        "consul" => has("-dev") || !has("-server"),
        "loki" | "tempo" | "pyroscope" => has("config"),
        _ => false,
    }
}

/// `--save ""`, without a log of its own.
fn saves_nothing(service: &Service<'_>) -> bool {
    let words = service.words();
    let is_off = words.windows(2).any(|pair| pair[0].text == "--save" && pair[1].text.is_empty())
        || words.iter().any(|word| {
            let line = word.text;
            line == "--save=" || line.contains("--save \"\"") || line.contains("--save ''")
        });
    is_off && !persists(service)
}

fn persists(service: &Service<'_>) -> bool {
    let is_yes = |name| service.option(name).is_some_and(|word| word.text == "yes");
    is_yes("--appendonly") || service.option("--save").is_some_and(|word| !word.text.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn found(keys: &str) -> Vec<String> {
        let text =
            format!("services:\n  db:\n    {}\nvolumes:\n  vol:\n", keys.replace('\n', "\n    "));
        of("CV601", &text)
    }

    const MISSING: &str =
        "2:3 error `db` keeps its data in `/var/lib/postgresql/data`, and nothing is mounted there";

    #[test]
    fn data_is_mounted_somewhere() {
        for mount in [
            "volumes: [vol:/var/lib/postgresql/data]",
            "volumes: [vol:/var/lib/postgresql]",
            "volumes: [./data:/var/lib/postgresql/data/]",
            "volumes: [{type: bind, source: ., target: /var/lib/postgresql/data}]",
            "tmpfs: /var/lib/postgresql/data",
            "volumes_from: [container:other]",
            "environment: {PGDATA: /pg/data}\nvolumes: [vol:/pg]",
            "command: postgres -D /pg\nvolumes: [vol:/var/lib/postgresql/data]",
        ] {
            assert_eq!(found(&format!("image: postgres:17\n{mount}")), [""; 0], "{mount}");
        }
        for mount in [
            "command: postgres",
            "volumes: [./init.sql:/docker-entrypoint-initdb.d/init.sql]",
            "volumes: [vol:/var/lib/postgres]",
            "environment: {PGDATA: /pg/data}\nvolumes: [vol:/other]",
            "command: [-c, config_file=/etc/pg/my.conf]\nvolumes: [./my.conf:/etc/pg/my.conf]",
        ] {
            assert_eq!(found(&format!("image: postgres:17\n{mount}")), [MISSING], "{mount}");
        }
    }

    #[test]
    fn a_mount_below_holds_a_part() {
        let text = "`db` keeps its data in `/var/lib/postgresql/data`, and only a part is mounted";
        let mount = "volumes: [vol:/var/lib/postgresql/data/base]";
        assert_eq!(found(&format!("image: postgres:17\n{mount}")), [format!("2:3 error {text}")]);
        let found = found(&format!("image: bitnamilegacy/postgresql\nbuild: .\n{mount}"));
        assert!(found.is_empty());
    }

    #[test]
    fn an_anonymous_volume_is_something() {
        let wanted = "the data is in a volume without a name";
        assert_eq!(
            found("image: postgres:17\nvolumes: [/var/lib/postgresql/data]"),
            [format!("4:15 warning {wanted}")]
        );
        assert_eq!(
            found(
                "image: postgres:17\nvolumes:\n- type: volume\n  target: /var/lib/postgresql/data"
            ),
            [format!("5:7 warning {wanted}")]
        );
    }

    #[test]
    fn who_runs_no_server_keeps_no_data() {
        for keys in [
            "command: pg_dump -h other",
            "command: ['sh', '-c', 'until pg_isready -h other; do sleep 1; done']",
            "entrypoint: /backup.sh",
            "entrypoint: ['/bin/sh', '-c']\ncommand: [psql -f /x.sql]",
            "build: .",
        ] {
            assert!(found(&format!("image: postgres:17\n{keys}")).is_empty(), "{keys}");
        }
        let server = "entrypoint: [sh, -c, 'exec docker-entrypoint.sh postgres']";
        assert_eq!(found(&format!("image: postgres:17\n{server}")), [MISSING]);
        assert_eq!(found("image: postgres:17\ncommand: -c max_connections=200"), [MISSING]);
        assert!(found("image: nobody/knows").is_empty());
        let ends = "services:\n  db: {image: postgres}\n  a: {image: a, depends_on: {db: {condition: service_completed_successfully}}}\n";
        assert!(of("CV601", ends).is_empty());
    }

    #[test]
    fn places_are_named_in_many_ways() {
        for keys in [
            "image: minio/minio:1\ncommand: server --console-address :9001 /export\nvolumes: [vol:/export]",
            "image: minio/minio:1\ncommand: minio server http://minio{1...4}/data{1...2}\nvolumes: [vol:/data1, vol:/data2]",
            "image: prom/prometheus:v3\ncommand: [--storage.tsdb.path=/tsdb]\nvolumes: [vol:/tsdb]",
            "image: grafana/loki:3\ncommand: -config.file=/etc/loki/loki.yaml",
            "image: eclipse-mosquitto:2",
            "image: hashicorp/consul:1.20",
            "image: hashicorp/consul:1.20\ncommand: agent -dev -server",
        ] {
            assert_eq!(found(keys), [""; 0], "{keys}");
        }
        let keys = "image: minio/minio:1\ncommand: server /data\nvolumes: [./certs:/certs]";
        assert_eq!(found(keys).len(), 1);
    }

    #[test]
    fn a_cache_may_forget() {
        let line = |severity| {
            format!("2:3 {severity} `db` keeps its data in `/data`, and nothing is mounted there")
        };
        assert_eq!(found("image: redis:7"), [line("warning")]);
        assert_eq!(
            found("image: redis:7\ncommand: redis-server --appendonly yes"),
            [line("error")]
        );
        assert!(
            found("image: redis:7\ncommand: redis-server --save '' --appendonly no").is_empty()
        );
        assert!(found("image: redis:7\ncommand: [redis-server, --save, '']").is_empty());
    }
}
