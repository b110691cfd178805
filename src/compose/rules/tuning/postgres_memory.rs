//! CV503.

use super::lines::Given;
use super::postgres::{Postgres, Said};
use super::size::{self, MIB, shown};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{self, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV503",
        name: "postgres-memory",
        severity: Severity::Warning,
        about: "PostgreSQL's settings do not fit the container's memory",
    },
    sets: EVERY,
    fix: None,
    why: "\
PostgreSQL does not look at the container's limit. It takes what its settings say, and when the kernel kills one of
its processes for want of memory, the server ends every connection and recovers from its log.

Looked at are `-c name=value`, `-cname=value`, `--name=value`, `-B`, `-N` and `-S`, in the command, the entrypoint and
scripts in them. Units are PostgreSQL's: `kB`, `MB`, `GB`; without one, buffers are counted in blocks of 8 kB.

- `shared_buffers` as large as the limit, or larger, is an error; more than 40 % of it a warning. PostgreSQL's manual
  (chapter *Resource Consumption*) names a quarter of the memory to begin with, and says that more than 40 % is
  unlikely to work better, since it relies on the page cache too. That cache counts to the container's limit.
- `shared_buffers` + `max_connections` × `work_mem` + `autovacuum_max_workers` × `maintenance_work_mem` above the
  limit is a warning, if one of them is set in the command: what is not set counts with its default (128 MB, 100, 4
  MB, 3, 64 MB). A query may take `work_mem` several times, so this is not even the worst case.
- `effective_cache_size` above the limit is a warning: the planner then counts on a cache that cannot be there.
- A note is given where the limit is above 512 MiB, a known image is told nothing, and no configuration file is in
  play: the default of 128 MB is then less than a quarter.

TimescaleDB's image fits its settings to the limit when it makes the database, or to `TS_TUNE_MEMORY`, which must not
be above the limit. `NO_TS_TUNE` turns that off, and PostgreSQL's defaults hold.",
    bad: "\
services:
  db:
    image: postgres:17.2
    command: postgres -c shared_buffers=1GB -c effective_cache_size=4GB
    mem_limit: 2g
",
    good: "\
services:
  db:
    image: postgres:17.2
    command: postgres -c shared_buffers=512MB -c effective_cache_size=1536MB
    mem_limit: 2g
",
    check,
};

type Limit<'m> = view::Given<'m, u64>;

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let Some(limit) = service.memory_limit() else { continue };
        let Some(postgres) = Postgres::of(view, service) else { continue };
        // Buffers that are too large are mended first.
        let found = [
            buffers(view, &postgres, limit).or_else(|| sum(view, &postgres, limit)),
            cache(view, &postgres, limit),
            timescale(view, service, &postgres, limit),
            untuned(service, &postgres, limit),
        ];
        let found = found.into_iter().flatten();
        findings.extend(found.map(|finding| finding.service(service.name)));
    }
}

fn at_limit(
    view: &View<'_>,
    given: &Given<'_>,
    limit: Limit<'_>,
    text: String,
    help: String,
) -> Finding {
    let finding = given.finding(view, &RULE.code, text);
    finding.note(limit.node.span, "the limit is set here").help(help)
}

fn buffers(view: &View<'_>, postgres: &Postgres<'_>, limit: Limit<'_>) -> Option<Finding> {
    let Said::This(given, bytes) = postgres.shared_buffers() else { return None };
    let (size, of) = (shown(bytes), shown(limit.value));
    let better = size::written(size::share(limit.value, 25), "MB", "GB");
    let help = format!("use `shared_buffers={better}`, a quarter of the limit");
    if bytes >= limit.value {
        let is = if bytes > limit.value { "more than" } else { "all of" };
        let text = format!("`shared_buffers` of {size} is {is} the memory limit of {of}");
        Some(at_limit(view, &given, limit, text, help).severity(Severity::Error))
    } else if size::exceeds(bytes, 40, limit.value) {
        let percent = size::percent(bytes, limit.value);
        let text = format!("`shared_buffers` of {size} is {percent} % of the memory limit of {of}");
        Some(at_limit(view, &given, limit, text, help))
    } else {
        None
    }
}

fn cache(view: &View<'_>, postgres: &Postgres<'_>, limit: Limit<'_>) -> Option<Finding> {
    let Said::This(given, bytes) = postgres.effective_cache_size() else { return None };
    if bytes <= limit.value {
        return None;
    }
    let (size, of) = (shown(bytes), shown(limit.value));
    let text = format!("`effective_cache_size` of {size} is more than the memory limit of {of}");
    let better = size::written(size::share(limit.value, 75), "MB", "GB");
    let help = format!("use `effective_cache_size={better}`, 75 % of the limit");
    Some(at_limit(view, &given, limit, text, help))
}

/// All that connections and workers may take beside the buffers.
fn sum(view: &View<'_>, postgres: &Postgres<'_>, limit: Limit<'_>) -> Option<Finding> {
    let all = [
        postgres.shared_buffers(),
        postgres.connections(),
        postgres.work_mem(),
        postgres.autovacuum_workers(),
        postgres.maintenance(),
    ];
    // What a file or a tuner says is not known: only what is in the command counts then.
    let is_known = postgres.is_open && !postgres.is_timescale;
    let of = |at: usize, default: u64| all.get(at)?.or(is_known.then_some(default));
    let buffers = of(0, 128 * MIB).unwrap_or_default();
    let connections = of(1, 100).zip(of(2, 4 * MIB)).unwrap_or_default();
    let workers = of(3, 3).zip(of(4, 64 * MIB)).unwrap_or_default();
    let parts =
        [buffers, connections.0.saturating_mul(connections.1), workers.0.saturating_mul(workers.1)];
    let total = parts.iter().fold(0_u64, |total, part| total.saturating_add(*part));
    // The largest part is what to mend, if the command says something of it.
    let largest = [(0, parts[0], [0, 0]), (1, parts[1], [2, 1]), (2, parts[2], [4, 3])];
    let mut largest = largest.map(|(_, part, places)| (part, places));
    largest.sort_by_key(|(part, _)| std::cmp::Reverse(*part));
    let given = largest
        .iter()
        .flat_map(|(_, places)| places)
        .find_map(|at| all.get(*at).and_then(Said::given))?;
    if total <= limit.value {
        return None;
    }
    let terms = [
        (parts[0], format!("{} of buffers", shown(buffers))),
        (parts[1], format!("{} × {}", connections.0, shown(connections.1))),
        (parts[2], format!("{} × {}", workers.0, shown(workers.1))),
    ];
    let terms: Vec<String> =
        terms.into_iter().filter(|(part, _)| *part > 0).map(|(_, term)| term).collect();
    let (total, of) = (shown(total), shown(limit.value));
    let text = format!("{} is {total}, the memory limit is {of}", terms.join(" + "));
    let rest = limit.value.saturating_sub(parts[0]).saturating_sub(parts[2]);
    let help = match rest.checked_div(connections.0.max(1)).map(|each| each / MIB) {
        Some(each) if each > 0 && parts[1] >= parts[2] => {
            format!("use `work_mem={each}MB`, or fewer `max_connections` behind a pooler")
        }
        _ => "lower these settings, or raise the limit".to_owned(),
    };
    Some(at_limit(view, given, limit, text, help))
}

/// TimescaleDB tuned for more than there is.
fn timescale(
    view: &View<'_>,
    service: &Service<'_>,
    postgres: &Postgres<'_>,
    limit: Limit<'_>,
) -> Option<Finding> {
    let given = Given::of(&service.variable("TS_TUNE_MEMORY")?)?;
    let bytes = size::postgres(given.value, 1).filter(|_| postgres.is_timescale)?;
    if is_not_tuned(service) || bytes <= limit.value {
        return None;
    }
    let (size, of) = (given.value, shown(limit.value));
    let text = format!("TimescaleDB is tuned for {size}, the memory limit is {of}");
    let help = "leave `TS_TUNE_MEMORY` out: the image takes the limit".to_owned();
    Some(at_limit(view, &given, limit, text, help))
}

fn is_not_tuned(service: &Service<'_>) -> bool {
    service
        .variable("NO_TS_TUNE")
        .is_some_and(|variable| variable.value.is_some_and(|v| !v.is_empty()))
}

fn untuned(service: &Service<'_>, postgres: &Postgres<'_>, limit: Limit<'_>) -> Option<Finding> {
    let is_tuned = postgres.is_timescale && !is_not_tuned(service);
    let is_said = !matches!(postgres.shared_buffers(), Said::Nothing);
    let better = size::share(limit.value, 25);
    if is_tuned || is_said || !postgres.is_open || better <= 128 * MIB {
        return None;
    }
    let of = shown(limit.value);
    let text = format!("`{}` has {of} and PostgreSQL's default buffers of 128 MiB", service.name);
    let finding = Finding::new(&RULE.code, service.key, text).severity(Severity::Note);
    let (buffers, cache) = (
        size::written(better, "MB", "GB"),
        size::written(size::share(limit.value, 75), "MB", "GB"),
    );
    let help = format!(
        "add `-c shared_buffers={buffers} -c effective_cache_size={cache}`, 25 % and 75 % of the limit"
    );
    Some(finding.note(limit.node.span, "the limit is set here").help(help))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn with(rest: &str) -> Vec<String> {
        image("postgres:17", rest)
    }

    fn image(image: &str, rest: &str) -> Vec<String> {
        of(
            "CV503",
            &format!("services:\n  a:\n    image: {image}\n    mem_limit: 2g\n    {rest}\n"),
        )
    }

    #[test]
    fn buffers_are_held_against_the_limit() {
        for (value, wanted) in [
            ("819MB", None),
            (
                "820MB",
                Some("warning `shared_buffers` of 820 MiB is 41 % of the memory limit of 2 GiB"),
            ),
            (
                "1.5GB",
                Some("warning `shared_buffers` of 1.5 GiB is 75 % of the memory limit of 2 GiB"),
            ),
            ("2GB", Some("error `shared_buffers` of 2 GiB is all of the memory limit of 2 GiB")),
            ("262144", Some("error `shared_buffers` of 2 GiB is all of the memory limit of 2 GiB")),
            (
                "3145728kB",
                Some("error `shared_buffers` of 3 GiB is more than the memory limit of 2 GiB"),
            ),
            ("2gb", None),
            ("$$X", None),
        ] {
            for (command, option) in [
                (format!("postgres -c shared_buffers={value} -c fsync=off"), "shared"),
                (format!("postgres -cshared_buffers={value} -c fsync=off"), "-cshared"),
                (format!("--shared_buffers={value}"), "--shared"),
                (format!("--shared-buffers={value}"), "--shared"),
                (format!("[postgres, -c, SHARED_BUFFERS={value}]"), "SHARED"),
                (
                    format!("bash -c 'docker-entrypoint.sh postgres -c shared_buffers={value}'"),
                    "shared",
                ),
                (format!("-c 'shared_buffers={value}'"), "shared"),
            ] {
                let command = format!("    command: {command}");
                let column = command.find(option).unwrap() + 1;
                let wanted: Vec<String> =
                    wanted.iter().map(|wanted| format!("5:{column} {wanted}")).collect();
                assert_eq!(with(command.trim_start()), wanted, "{command}");
            }
        }
        assert_eq!(
            with("command: postgres -B 262144"),
            ["5:23 error `shared_buffers` of 2 GiB is all of the memory limit of 2 GiB"]
        );
        assert_eq!(
            with("command: postgres -c shared_buffers=4GB -c shared_buffers=512MB"),
            [""; 0]
        );
    }

    #[test]
    fn what_all_may_take_is_held_against_the_limit() {
        let buffers = "-c shared_buffers=512MB";
        for (more, wanted) in [
            ("", None),
            ("-c work_mem=13MB", None),
            (
                "-c work_mem=16MB",
                Some(
                    "512 MiB of buffers + 100 × 16 MiB + 3 × 64 MiB is 2.25 GiB, the memory limit is 2 GiB",
                ),
            ),
            (
                "-c max_connections=1000",
                Some(
                    "512 MiB of buffers + 1000 × 4 MiB + 3 × 64 MiB is 4.59 GiB, the memory limit is 2 GiB",
                ),
            ),
            (
                "-N 1000",
                Some(
                    "512 MiB of buffers + 1000 × 4 MiB + 3 × 64 MiB is 4.59 GiB, the memory limit is 2 GiB",
                ),
            ),
            (
                "-c maintenance_work_mem=1GB",
                Some(
                    "512 MiB of buffers + 100 × 4 MiB + 3 × 1 GiB is 3.89 GiB, the memory limit is 2 GiB",
                ),
            ),
            ("-c maintenance_work_mem=1GB -c autovacuum_work_mem=64MB", None),
            ("-c maintenance_work_mem=1GB -c autovacuum_max_workers=1", None),
            ("-c max_connections=many", None),
            (
                "-c max_connections=18446744073709551615 -c work_mem=9999TB",
                Some(
                    "512 MiB of buffers + 18446744073709551615 × 10238976 GiB + 3 × 64 MiB is 17179869184 GiB, the memory limit is 2 GiB",
                ),
            ),
        ] {
            let found = with(&format!("command: postgres {buffers} {more}"));
            let found: Vec<&str> =
                found.iter().map(|f| f.split_once("warning ").unwrap().1).collect();
            assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{more}");
        }
        // What a file says is not known.
        let file = "command: postgres -c config_file=/etc/p.conf -c max_connections=1000";
        assert_eq!(with(file), [""; 0]);
        let both =
            "command: postgres -c config_file=/etc/p.conf -c max_connections=1000 -c work_mem=4MB";
        assert_eq!(
            with(both),
            ["5:77 warning 1000 × 4 MiB is 3.91 GiB, the memory limit is 2 GiB"]
        );
    }

    #[test]
    fn the_cache_lies_in_the_container() {
        let options = "-c shared_buffers=512MB -c effective_cache_size";
        assert_eq!(with(&format!("command: postgres {options}=2GB")), [""; 0]);
        assert_eq!(
            with(&format!("command: postgres {options}=6GB")),
            ["5:50 warning `effective_cache_size` of 6 GiB is more than the memory limit of 2 GiB"]
        );
    }

    #[test]
    fn defaults_are_for_small_machines() {
        let note = "2:3 note `a` has 2 GiB and PostgreSQL's default buffers of 128 MiB";
        for rest in ["restart: always", "command: -c fsync=off", "command: postgres"] {
            assert_eq!(with(rest), [note], "{rest}");
        }
        for rest in [
            "build: .",
            "command: postgres -c config_file=/a",
            "command: /start.sh",
            "command: [pg_dump, -h, db]",
            "volumes: ['./p.conf:/etc/postgresql/postgresql.conf']",
            "volumes: ['./init:/docker-entrypoint-initdb.d']",
        ] {
            assert_eq!(with(rest), [""; 0], "{rest}");
        }
        assert_eq!(of("CV503", "services: {a: {image: postgres, mem_limit: 512m}}\n"), [""; 0]);
        assert_eq!(of("CV503", "services: {a: {image: postgres}}\n"), [""; 0]);
        assert_eq!(image("me/postgres", "restart: always"), [""; 0]);
    }

    #[test]
    fn timescale_tunes_itself() {
        let name = "timescale/timescaledb:2.17.2-pg17";
        assert_eq!(image(name, "restart: always"), [""; 0]);
        assert_eq!(image(name, "environment: {TS_TUNE_MEMORY: 2GB}"), [""; 0]);
        assert_eq!(
            image(name, "environment: {TS_TUNE_MEMORY: 4GB}"),
            ["5:35 warning TimescaleDB is tuned for 4GB, the memory limit is 2 GiB"]
        );
        assert_eq!(
            image(name, "environment: {NO_TS_TUNE: 'true', TS_TUNE_MEMORY: 4GB}"),
            ["2:3 note `a` has 2 GiB and PostgreSQL's default buffers of 128 MiB"]
        );
        assert_eq!(with("environment: {TS_TUNE_MEMORY: 4GB}").len(), 1);
    }
}
