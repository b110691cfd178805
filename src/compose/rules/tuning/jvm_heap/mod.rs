//! CV501.

#[cfg(test)]
mod tests;

use super::java::{self, Options};
use super::lines::{self, Given};
use super::size::{self, GIB, shown};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{self, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV501",
        name: "jvm-heap",
        severity: Severity::Warning,
        about: "a Java heap does not fit the container's memory",
    },
    sets: EVERY,
    fix: None,
    why: "\
A Java process takes more than its heap: metaspace, thread stacks, compiled code, direct buffers, and the page cache
that Kafka and Elasticsearch live on all count to the container's limit. When the sum goes over it, the kernel kills the
process. Java does not throw an `OutOfMemoryError` then, and nothing is in its log.

Looked at are `-Xmx`, `-Xms`, `-XX:MaxHeapSize`, `-XX:InitialHeapSize` and `-XX:MaxRAMPercentage` in the command, the
entrypoint, scripts in them, and variables such as `KAFKA_HEAP_OPTS`, `ES_JAVA_OPTS`, `LS_JAVA_OPTS`, `JAVA_OPTS` and
`JAVA_TOOL_OPTIONS`. `1g` is 1024 MiB there, a number without a letter is bytes. Variables with small letters, such as
`MAPRED_CONF_mapreduce_map_java_opts`, are settings of jobs, which may run in another container: they do not count.

- A heap as large as the limit, or larger, is an error; more than 75 % of it a warning. 75 % is a rule of
  thumb of this project. For Kafka, Elasticsearch and OpenSearch it is half: they read their data from the page cache,
  which counts to the container too. Elastic asks for no more than half; for Kafka it is our advice.
- `MaxRAMPercentage` above 80 is a warning.
- `-Xms` above `-Xmx` is an error: Java does not start.
- A heap in a container without a limit is a warning: the host has to have the memory, and nothing says how much. Where
  it has plenty, the service runs well; what is missing is a figure to hold the heap against.
- A note is given where an image is known to run Java, has a limit, and is told nothing: Java takes a quarter of the
  limit, or what the image has in its settings. Kafka's start script says `-Xmx1G`, which is judged as if it were written.
  Elasticsearch is left out, it fits its heap to the container.",
    bad: "\
services:
  broker:
    image: apache/kafka:3.9.0
    environment:
      KAFKA_HEAP_OPTS: -Xms2g -Xmx2g
    mem_limit: 2g
",
    good: "\
services:
  broker:
    image: apache/kafka:3.9.0
    environment:
      KAFKA_HEAP_OPTS: -Xms1g -Xmx1g
    mem_limit: 2g
",
    check,
};

/// More than this share of the limit leaves too little beside the heap: in percent.
const MOST: u64 = 75;
/// The same where the program reads its data from the page cache.
const MOST_BESIDE_CACHE: u64 = 50;

type Limit<'m> = view::Given<'m, u64>;

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let limit = service.memory_limit();
        let all = java::options(service);
        for options in &all {
            check_options(view, service, options, limit, findings);
        }
        if let (true, Some(limit)) = (all.is_empty(), limit) {
            findings.extend(left_alone(view, service, limit));
        }
    }
}

fn check_options(
    view: &View<'_>,
    service: &Service<'_>,
    options: &Options<'_>,
    limit: Option<Limit<'_>>,
    findings: &mut Findings,
) {
    if let (Some((min, least)), Some((max, most))) = (&options.min, &options.max)
        && least > most
    {
        let text = format!("`{}` is more than `{}`: Java does not start", min.written, max.written);
        let finding = min.finding(view, &RULE.code, text).severity(Severity::Error);
        let help = format!("use `-Xms{}`", max.value);
        let finding = finding.note(max.span(view), "the largest heap is set here");
        findings.add(finding.help(help).service(service.name));
    }
    if let Some((max, heap)) = &options.max {
        let finding = match limit {
            Some(limit) => too_large(view, service, options, (max, *heap), limit),
            None => Some(no_limit(view, max, *heap)),
        };
        findings.extend(finding.map(|finding| finding.service(service.name)));
    } else if let Some((given, percent)) = &options.percent {
        let finding = share(view, given, *percent, limit);
        findings.extend(finding.map(|finding| finding.service(service.name)));
    }
}

fn too_large(
    view: &View<'_>,
    service: &Service<'_>,
    options: &Options<'_>,
    (max, heap): (&Given<'_>, u64),
    limit: Limit<'_>,
) -> Option<Finding> {
    let what = format!("`{}`", max.written);
    let (severity, text) = verdict(&what, heap, limit.value, most(service))?;
    let finding = max.finding(view, &RULE.code, text).severity(severity);
    let better = better(service, limit.value);
    // Those who set both to the same value want them to stay so.
    let is_fixed = options.min.as_ref().is_some_and(|(_, least)| *least == heap);
    let first = if is_fixed { format!("-Xms{better} ") } else { String::new() };
    let share = most(service);
    let help = format!("use `{first}-Xmx{better}`, {share} % of the limit, or raise the limit");
    Some(finding.note(limit.node.span, "the limit is set here").help(help))
}

/// How bad a heap is for a limit of which it may be so many percent, and in which words.
fn verdict(what: &str, heap: u64, limit: u64, most: u64) -> Option<(Severity, String)> {
    let of = shown(limit);
    if heap > limit {
        let text = format!("a heap of {what} is more than the memory limit of {of}");
        Some((Severity::Error, text))
    } else if heap == limit {
        let text = format!("a heap of {what} is all of the memory limit of {of}");
        Some((Severity::Error, text))
    } else if size::exceeds(heap, most, limit) {
        let percent = size::percent(heap, limit);
        let cache = if most < MOST { ", and the page cache needs the other half" } else { "" };
        let text = format!("a heap of {what} is {percent} % of the memory limit of {of}{cache}");
        Some((Severity::Warning, text))
    } else {
        None
    }
}

fn no_limit(view: &View<'_>, max: &Given<'_>, heap: u64) -> Finding {
    let text = format!("a heap of `{}` in a container without a memory limit", max.written);
    let limit = (heap / MOST).saturating_mul(100).div_ceil(256 << 20).saturating_mul(256 << 20);
    let size = size::written(limit, "m", "g");
    let help = format!("set a memory limit of `{size}`, of which the heap is no more than 75 %");
    max.finding(view, &RULE.code, text).help(help)
}

fn share(
    view: &View<'_>,
    given: &Given<'_>,
    percent: f64,
    limit: Option<Limit<'_>>,
) -> Option<Finding> {
    if !(percent > 0.0 && percent <= 100.0) {
        return None;
    }
    match limit {
        Some(limit) if percent > 80.0 => {
            let limit_text = shown(limit.value);
            let text = format!("the heap may take {percent} % of the memory limit of {limit_text}");
            let finding = given.finding(view, &RULE.code, text);
            let finding = finding.note(limit.node.span, "the limit is set here");
            Some(finding.help("use `-XX:MaxRAMPercentage=75.0`"))
        }
        None => {
            let text =
                format!("the heap may take {percent} % of the host: there is no memory limit");
            let help = "set a memory limit: the share is then of that";
            Some(given.finding(view, &RULE.code, text).help(help))
        }
        Some(_) => None,
    }
}

/// An image that runs Java, and nobody says with how much.
fn left_alone(view: &View<'_>, service: &Service<'_>, limit: Limit<'_>) -> Option<Finding> {
    let is_known = service.known().is_jvm() && !is_elasticsearch(service);
    let says_size = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["HEAP", "XMX", "_MEM", "OPTS"].iter().any(|part| name.contains(part))
    };
    if !is_known
        || !service.words().is_empty()
        || service.environment().iter().any(|variable| says_size(variable.name))
        || !lines::knows_environment(view, service)
        || lines::has_settings_mounted(service)
    {
        return None;
    }
    let better = better(service, limit.value);
    let is_kafka = is_kafka(service);
    let name = if is_kafka { "KAFKA_HEAP_OPTS" } else { "JAVA_TOOL_OPTIONS" };
    let default =
        verdict("1 GiB, Kafka's own,", GIB, limit.value, most(service)).filter(|_| is_kafka);
    let (severity, text) = default.unwrap_or_else(|| {
        let of = shown(limit.value);
        (
            Severity::Note,
            format!("`{}` has {of}, and nothing says how large its heap is", service.name),
        )
    });
    let finding = Finding::new(&RULE.code, service.key, text).severity(severity);
    let help = format!("set `{name}: -Xms{better} -Xmx{better}`, {} % of the limit", most(service));
    let finding = finding.note(limit.node.span, "the limit is set here");
    Some(finding.help(help).service(service.name))
}

/// Images that start the broker with `kafka-server-start`, which says `-Xmx1G -Xms1G` where `KAFKA_HEAP_OPTS` is unset
/// (apache/kafka, bin/kafka-server-start.sh). Bitnami's says 1024m (kafka-env.sh).
const KAFKA: [&str; 5] = [
    "apache/kafka",
    "confluentinc/cp-kafka",
    "confluentinc/cp-server",
    "bitnami/kafka",
    "wurstmeister/kafka",
];

fn better(service: &Service<'_>, limit: u64) -> String {
    size::written(size::share(limit, most(service)), "m", "g")
}

/// The largest share of the limit that a heap should be, in percent.
fn most(service: &Service<'_>) -> u64 {
    if is_kafka(service) || is_elasticsearch(service) { MOST_BESIDE_CACHE } else { MOST }
}

/// The limit of which the largest heap is as much as it may be.
pub(super) fn needed(service: &Service<'_>) -> Option<u64> {
    let heaps = java::options(service).into_iter().filter_map(|options| Some(options.max?.1));
    Some(size::whole(heaps.max()?, most(service)))
}

fn is_kafka(service: &Service<'_>) -> bool {
    KAFKA.iter().any(|name| lines::image_ends_with(service, name))
}

fn is_elasticsearch(service: &Service<'_>) -> bool {
    let names = ["elasticsearch", "opensearch", "elasticsearch-oss"];
    names.iter().any(|name| lines::image_ends_with(service, name))
}
