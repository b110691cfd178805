//! CV504.

use super::lines::{self, Given, Token};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{self, Count, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV504",
        name: "workers-exceed-cpus",
        severity: Severity::Warning,
        about: "a service starts more workers than its cores or GPUs can run",
    },
    sets: PLATFORM,
    fix: None,
    why: "\
A limit of cores is a share of time: when more threads compute than the limit has cores, the kernel stops all of them
for the rest of each 100 ms. Answers get slower, and each worker takes its memory all the same.

- Workers of gunicorn, uvicorn, hypercorn, `mlflow server` and celery (`-w`, `--workers`, `-c`, `--concurrency`,
  `WEB_CONCURRENCY`, `GUNICORN_CMD_ARGS`, `AIRFLOW__CELERY__WORKER_CONCURRENCY`): more than 2 × cores + 1 is a
  warning. That is what gunicorn's documentation proposes, and counts on workers that wait much of their time.
  Celery's pools of green threads (`gevent`, `eventlet`) and of threads are left out.
- `OMP_NUM_THREADS`, `MKL_NUM_THREADS` and `OPENBLAS_NUM_THREADS` above the cores, rounded up: these threads compute.
- `--tensor-parallel-size` (times `--pipeline-parallel-size`) and `--num-shard` above the GPUs that the service
  reserves: vLLM and TGI do not start. Several machines (`--nnodes`, Ray) are left out.

The cores are those of `cpus`, `deploy.resources.limits.cpus` or `cpu_quota`. Without a limit nothing is said.",
    bad: "\
services:
  api:
    image: registry.example.com/api:1.4.2
    command: gunicorn --workers 8 --bind 0.0.0.0:8000 app:app
    cpus: 2
",
    good: "\
services:
  api:
    image: registry.example.com/api:1.4.2
    command: gunicorn --workers 5 --bind 0.0.0.0:8000 app:app
    cpus: 2
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let tokens = lines::tokens(service);
        let mut found = Vec::new();
        if let Some(cores) = service.cpu_limit() {
            found.extend(workers(view, service, &tokens, cores));
            found.extend(threads(view, service, cores));
        }
        found.extend(shards(view, service, &tokens));
        findings.extend(found.into_iter().map(|finding| finding.service(service.name)));
    }
}

/// Programs that start worker processes, and the options that say how many.
const SERVERS: [(&str, &[&str]); 5] = [
    ("gunicorn", &["--workers", "-w"]),
    ("uvicorn", &["--workers"]),
    ("hypercorn", &["--workers", "-w"]),
    ("mlflow", &["--workers", "-w"]),
    ("celery", &["--concurrency", "-c"]),
];

fn workers(
    view: &View<'_>,
    service: &Service<'_>,
    tokens: &[Token<'_>],
    cores: view::Given<'_, f64>,
) -> Vec<Finding> {
    let program = SERVERS.iter().enumerate().find_map(|(at, (name, options))| {
        let is_it = |token: &Token<'_>| token.text.rsplit('/').next() == Some(name);
        let start = tokens.iter().position(is_it)?;
        Some((SERVERS[at].0, tokens.get(start + 1..)?, *options))
    });
    let mut given: Vec<(&str, Given<'_>)> = Vec::new();
    if let Some((name, rest, options)) = program {
        let pool = lines::option(rest, &["--pool", "-P"]);
        let is_processes = pool.is_none_or(|pool| matches!(pool.value, "prefork" | "processes"));
        let option = lines::option(rest, options);
        given.extend(option.filter(|_| is_processes).map(|option| (name, option)));
    }
    // The command line wins over variables, in gunicorn and in uvicorn.
    if given.is_empty() {
        given.extend(of_variables(service));
    }
    let most = cores.value.mul_add(2.0, 1.0);
    let over = given.into_iter().filter_map(|(name, given)| {
        let number: u32 = given.value.parse().ok()?;
        if f64::from(number) <= most {
            return None;
        }
        let text = format!("{number} workers of {name} share {}", shown(cores.value));
        let finding = given.finding(view, &RULE.code, text);
        let most = most.floor() as u64;
        let help = format!("start {most} at most, 2 × cores + 1, or raise the limit");
        Some(finding.note(cores.node.span, "the limit is set here").help(help))
    });
    over.collect()
}

fn of_variables<'m>(service: &Service<'m>) -> Vec<(&'static str, Given<'m>)> {
    let of = |name: &str| service.variable(name).and_then(|variable| Given::of(&variable));
    let in_arguments = || {
        let variable = service.variable("GUNICORN_CMD_ARGS")?;
        let words = lines::split(variable.value?);
        let tokens: Vec<Token<'m>> =
            words.map(|text| Token { text, node: variable.node }).collect();
        lines::option(&tokens, &["--workers", "-w"])
    };
    let server =
        in_arguments().or_else(|| of("WEB_CONCURRENCY")).map(|given| ("the web server", given));
    let celery = of("AIRFLOW__CELERY__WORKER_CONCURRENCY");
    // Every service of an Airflow stack has its variables; only the worker goes by this one.
    let is_worker = service.words().iter().any(|word| word.text.contains("worker"));
    let celery = celery.filter(|_| is_worker).map(|given| ("celery", given));
    server.into_iter().chain(celery).collect()
}

/// Threads that compute, and so need a core each.
fn threads(view: &View<'_>, service: &Service<'_>, cores: view::Given<'_, f64>) -> Vec<Finding> {
    let names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"];
    let most = cores.value.ceil();
    let over = names.iter().filter_map(|name| {
        let given = Given::of(&service.variable(name)?)?;
        let number: u32 = given.value.parse().ok()?;
        if f64::from(number) <= most {
            return None;
        }
        let text = format!("`{name}` of {number} for {}", shown(cores.value));
        let finding = given.finding(view, &RULE.code, text);
        let help = format!("use {}", most as u64);
        Some(finding.note(cores.node.span, "the limit is set here").help(help))
    });
    over.collect()
}

/// `2 cores`, `1 core`, `0.5 cores`.
fn shown(cores: f64) -> String {
    let is_one = (cores - 1.0).abs() < f64::EPSILON;
    format!("a limit of {cores} core{}", if is_one { "" } else { "s" })
}

/// Parts of a model, of which each needs a GPU.
fn shards(view: &View<'_>, service: &Service<'_>, tokens: &[Token<'_>]) -> Option<Finding> {
    let names = ["--tensor-parallel-size", "-tp", "--tp-size", "--num-shard"];
    let given = lines::option(tokens, &names)?;
    let size: u64 = given.value.parse().ok()?;
    let has_more_machines =
        tokens.iter().any(|token| token.text.starts_with("--nnodes") || token.text == "ray");
    let pipeline = lines::option(tokens, &["--pipeline-parallel-size", "-pp"]);
    let pipeline = pipeline.map_or(Some(1), |given| given.value.parse().ok())?;
    let (gpus, node) = reserved(view, service).filter(|_| !has_more_machines)?;
    let needed = size.saturating_mul(pipeline);
    if needed <= gpus {
        return None;
    }
    let plural = if gpus == 1 { "" } else { "s" };
    let text = format!("a model in {needed} parts needs as many GPUs, {gpus} GPU{plural} reserved");
    let finding = given.finding(view, &RULE.code, text);
    let help = format!("use `--tensor-parallel-size {gpus}`, or reserve {needed} GPUs");
    Some(finding.note(node.span, "the GPUs are reserved here").help(help))
}

/// How many GPUs a service reserves, if it says so, and where.
fn reserved<'m>(
    view: &View<'_>,
    service: &Service<'m>,
) -> Option<(u64, &'m crate::compose::node::Node)> {
    let requests = service.gpus();
    let mut total = 0_u64;
    for request in &requests {
        total = total.saturating_add(match &request.count {
            Count::Number(number) => *number,
            Count::Ids(ids) => ids.len() as u64,
            Count::All if view.settings.host.stated.gpus => view.settings.host.gpus,
            Count::All => return None,
        });
    }
    let first = requests.first()?;
    Some((total, first.number.unwrap_or(first.node)))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{of, of_with, settings};

    fn with(rest: &str) -> Vec<String> {
        let found =
            of("CV504", &format!("services:\n  a:\n    image: x\n    cpus: 2\n    {rest}\n"));
        found.iter().map(|found| found.split_once(' ').unwrap().1.to_owned()).collect()
    }

    #[test]
    fn workers_are_held_against_cores() {
        for (command, wanted) in [
            ("gunicorn -w 5 app", None),
            ("gunicorn -w 6 app", Some(("gunicorn", 6))),
            ("gunicorn -w6 app", Some(("gunicorn", 6))),
            ("gunicorn --workers=8 app", Some(("gunicorn", 8))),
            ("/venv/bin/gunicorn --workers 8 app", Some(("gunicorn", 8))),
            ("[gunicorn, -k, uvicorn.workers.UvicornWorker, -w, '8', app]", Some(("gunicorn", 8))),
            ("sh -c 'python manage.py migrate && gunicorn -w 8 app'", Some(("gunicorn", 8))),
            ("uvicorn app:app --workers 8", Some(("uvicorn", 8))),
            ("uvicorn app:app -w 8", None),
            ("mlflow server --workers 8", Some(("mlflow", 8))),
            ("mlflow server --gunicorn-opts '--workers 8'", Some(("mlflow", 8))),
            ("celery -A app worker -c 8", Some(("celery", 8))),
            ("celery -A app worker --concurrency=8", Some(("celery", 8))),
            ("celery -A app worker --concurrency=8 --pool=gevent", None),
            ("celery -A app worker --concurrency=8 -P threads", None),
            ("celery -A app worker --concurrency=8 -P prefork", Some(("celery", 8))),
            ("other --workers 8", None),
            ("gunicorn -w many app", None),
            ("gunicorn -w 99999999999999999999 app", None),
            ("gunicorn", None),
        ] {
            let found = with(&format!("command: {command}"));
            let wanted = wanted.map(|(name, number)| {
                format!("warning {number} workers of {name} share a limit of 2 cores")
            });
            assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{command}");
        }
    }

    #[test]
    fn the_place_is_the_option() {
        let text = "services:\n  a:\n    image: x\n    cpus: 1\n    command: gunicorn -w 8 -b 0.0.0.0:8000 a\n";
        assert_eq!(
            of("CV504", text),
            ["5:23 warning 8 workers of gunicorn share a limit of 1 core"]
        );
    }

    #[test]
    fn variables_say_it_too() {
        for (name, value, wanted) in [
            ("WEB_CONCURRENCY", "8", Some("8 workers of the web server share a limit of 2 cores")),
            ("WEB_CONCURRENCY", "5", None),
            ("WEB_CONCURRENCY", "''", None),
            (
                "GUNICORN_CMD_ARGS",
                "--bind=:80 --workers=8",
                Some("8 workers of the web server share a limit of 2 cores"),
            ),
            ("OMP_NUM_THREADS", "2", None),
            ("OMP_NUM_THREADS", "'4'", Some("`OMP_NUM_THREADS` of 4 for a limit of 2 cores")),
            ("MKL_NUM_THREADS", "4", Some("`MKL_NUM_THREADS` of 4 for a limit of 2 cores")),
            ("OMP_NUM_THREADS", "4,2", None),
            ("AIRFLOW__CELERY__WORKER_CONCURRENCY", "16", None),
        ] {
            let found = with(&format!("environment: {{{name}: \"{}\"}}", value.trim_matches('\'')));
            let wanted: Vec<String> = wanted.iter().map(|w| format!("warning {w}")).collect();
            assert_eq!(found, wanted, "{name} {value}");
        }
        let airflow =
            "command: celery worker\n    environment: [AIRFLOW__CELERY__WORKER_CONCURRENCY=16]";
        assert_eq!(with(airflow), ["warning 16 workers of celery share a limit of 2 cores"]);
        let both = "command: gunicorn -w 2 a\n    environment: [WEB_CONCURRENCY=16]";
        assert_eq!(with(both), [""; 0]);
        let no_limit = "services: {a: {image: x, environment: {OMP_NUM_THREADS: 64}}}\n";
        assert_eq!(of("CV504", no_limit), [""; 0]);
    }

    #[test]
    fn parts_of_models_need_gpus() {
        for (request, options, wanted) in [
            ("count: 2", "--tensor-parallel-size 2", None),
            ("count: 1", "--tensor-parallel-size 2", Some((2, "1 GPU"))),
            ("count: 1", "--tensor-parallel-size=4", Some((4, "1 GPU"))),
            ("count: 1", "-tp 4", Some((4, "1 GPU"))),
            (
                "device_ids: ['0', '1']",
                "--tensor-parallel-size 2 --pipeline-parallel-size 2",
                Some((4, "2 GPUs")),
            ),
            ("device_ids: ['0', '1']", "--num-shard 4", Some((4, "2 GPUs"))),
            ("count: all", "--tensor-parallel-size 4", None),
            ("count: all", "--tensor-parallel-size 8", Some((8, "4 GPUs"))),
            ("count: 1", "--tensor-parallel-size 2 --nnodes 2", None),
            ("count: 1", "--tensor-parallel-size x", None),
        ] {
            let text = format!(
                "services: {{a: {{image: x, command: 'serve {options}', gpus: [{{{request}, capabilities: [gpu]}}]}}}}\n"
            );
            let found = of("CV504", &text);
            let found: Vec<&str> = found.iter().map(|f| f.split_once(' ').unwrap().1).collect();
            let wanted: Vec<String> = wanted
                .map(|(parts, gpus)| {
                    format!("warning a model in {parts} parts needs as many GPUs, {gpus} reserved")
                })
                .into_iter()
                .collect();
            assert_eq!(found, wanted, "{text}");
        }
        let all = "services: {a: {image: x, command: 'serve -tp 9', gpus: all}}\n";
        let mut other = settings();
        assert_eq!(of_with("CV504", all, &other).len(), 1);
        other.host.stated.gpus = false;
        assert_eq!(of_with("CV504", all, &other), [""; 0]);
        let none = "services: {a: {image: x, command: 'serve --tensor-parallel-size 2'}}\n";
        assert_eq!(of("CV504", none), [""; 0]);
    }
}
