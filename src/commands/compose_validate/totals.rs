//! What stacks take of their host, beside what it has.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::compose::Total;
use crate::compose::rules::{Host, Stated};
use crate::core::config::{Config, Origin};
use crate::core::context::Context;
use crate::core::device;
use crate::core::error::Fault;
use crate::core::host::Host as Machine;
use crate::core::output::units::bytes;
use crate::core::output::{Align, Table};

/// The host that stacks are meant for; this machine where nothing is said
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Host")]
pub(super) struct HostArgs {
    /// Cores of the host that the stack is meant for; else this machine's
    #[arg(long = "host-cpus", value_name = "CORES", value_parser = cores)]
    cpus: Option<f64>,
    /// Its memory: `64g`
    #[arg(long = "host-memory", value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// Its GPUs
    #[arg(long = "host-gpus", value_name = "N")]
    gpus: Option<u64>,
}

fn cores(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "a number above 0 was expected".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let size = crate::compose::bytes(text).and_then(|size| u64::try_from(size).ok());
    size.filter(|size| *size > 0)
        .ok_or_else(|| "a size such as 512m or 64g was expected".to_owned())
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct HostReport {
    cpus: f64,
    /// `null` where the system does not tell.
    memory_bytes: Option<u64>,
    gpus: u64,
    /// Whether it is the machine that `ut` runs on.
    is_this: bool,
}

impl HostArgs {
    /// Flags, then the configuration, then this machine.
    pub(super) fn host(&self, config: &Config) -> Result<Host, Fault> {
        let memory = match config.text("compose.host-memory") {
            Some(text) => Some(size(text).map_err(|wrong| {
                let origin = config.origin("compose.host-memory").map(Origin::to_string);
                let origin = origin.unwrap_or_default();
                Fault::usage(format!("{origin}: `compose.host-memory` is \"{text}\", {wrong}"))
            })?),
            None => None,
        };
        let cores = self.cpus.or_else(|| config.number("compose.host-cpus"));
        let memory = self.memory.or(memory);
        let gpus = self.gpus.or_else(|| config.whole("compose.host-gpus").map(u64::from));
        let this = Machine::this();
        Ok(Host {
            stated: Stated {
                cores: cores.is_some(),
                memory: memory.is_some(),
                gpus: gpus.is_some(),
            },
            cores: cores.unwrap_or(this.cores as f64),
            memory_bytes: memory.or(this.memory_bytes),
            gpus: gpus.unwrap_or_else(|| device::count().map_or(0, |count| count as u64)),
        })
    }
}

impl HostReport {
    pub(super) fn new(host: &Host) -> Self {
        Self {
            cpus: host.cores,
            memory_bytes: host.memory_bytes,
            gpus: host.gpus,
            is_this: host.stated == Stated::default(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct SetReport<'s> {
    profiles: &'s [String],
    services: usize,
    cpus: f64,
    memory_limit_bytes: u64,
    memory_reserved_bytes: u64,
    gpus: u64,
    services_with_all_gpus: usize,
    services_without_cpu_limit: usize,
    services_without_memory_limit: usize,
}

impl<'s> SetReport<'s> {
    pub(super) fn new(total: &'s Total) -> Self {
        Self {
            profiles: &total.profiles,
            services: total.services,
            cpus: (total.cores * 1000.0).round() / 1000.0,
            memory_limit_bytes: total.memory_limit_bytes,
            memory_reserved_bytes: total.memory_reserved_bytes,
            gpus: total.gpus,
            services_with_all_gpus: total.services_with_all_gpus,
            services_without_cpu_limit: total.services_without_cpu_limit,
            services_without_memory_limit: total.services_without_memory_limit,
        }
    }
}

/// A row a set of profiles, the host below.
pub(super) fn table(totals: &[Total], host: &HostReport, ctx: &Context) -> String {
    let mut table = Table::new();
    let mut column = |head: &str, align, each: &dyn Fn(&Total) -> String, host: String| {
        table.column(head, align, 0, totals.iter().map(each).chain([host]));
    };
    let name = if host.is_this { "this host" } else { "host" };
    column("stack", Align::Left, &|total| services(total), name.to_owned());
    column("CPU", Align::Right, &|total| cpu(total), format!("{:.1}", host.cpus));
    let memory = host.memory_bytes.map_or_else(|| "?".to_owned(), bytes);
    column("memory limit", Align::Right, &|total| limit(total), memory);
    column("reserved", Align::Right, &|total| some(total.memory_reserved_bytes), "–".to_owned());
    column("GPUs", Align::Right, &|total| gpus(total), host.gpus.to_string());
    let fits = totals.first().map(|total| verdict(total, host)).unwrap_or_default();
    let mut text = table.render(&ctx.out).trim_end().to_owned();
    if !fits.is_empty() {
        let _ = write!(text, "  {fits}");
    }
    let open: Vec<String> = totals.first().map(unlimited).unwrap_or_default();
    text.push('\n');
    if !open.is_empty() {
        let _ = writeln!(text, "not counted: {}", open.join(", "));
    }
    text
}

fn services(total: &Total) -> String {
    let what = if total.services == 1 { "service" } else { "services" };
    match &total.profiles[..] {
        [] => format!("{} {what}", total.services),
        [all] if all == "*" => format!("{} {what}, all profiles", total.services),
        some => format!("{} {what} with {}", total.services, some.join(", ")),
    }
}

fn cpu(total: &Total) -> String {
    if total.cores > 0.0 { format!("{:.1}", total.cores) } else { "–".to_owned() }
}

fn limit(total: &Total) -> String {
    some(total.memory_limit_bytes)
}

fn some(size: u64) -> String {
    if size > 0 { bytes(size) } else { "–".to_owned() }
}

fn gpus(total: &Total) -> String {
    match (total.gpus, total.services_with_all_gpus) {
        (0, 0) => "–".to_owned(),
        (count, 0) => count.to_string(),
        (0, _) => "all".to_owned(),
        (count, _) => format!("{count} + all"),
    }
}

fn verdict(total: &Total, host: &HostReport) -> &'static str {
    let memory = host.memory_bytes.unwrap_or(u64::MAX);
    let lacks_gpus = total.gpus > host.gpus || (total.services_with_all_gpus > 0 && host.gpus == 0);
    if total.memory_reserved_bytes > memory || lacks_gpus {
        "does not fit"
    } else if total.memory_limit_bytes > memory || total.cores > host.cpus {
        "the limits are beyond it"
    } else {
        ""
    }
}

fn unlimited(total: &Total) -> Vec<String> {
    let counts = [
        (total.services_without_cpu_limit, "CPU"),
        (total.services_without_memory_limit, "memory"),
    ];
    let given = counts.into_iter().filter(|(count, _)| *count > 0);
    given.map(|(count, what)| format!("{count} without a {what} limit")).collect()
}
