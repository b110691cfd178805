//! `ut metrics`: what was counted, for Prometheus.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};

use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::http::{Http, HttpError, Repeat, Setup, shown};
use crate::core::metrics::{Exposition, textfile};
use crate::core::output::printable;
use crate::core::retry::Retry;

const TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES: u32 = 1;

/// Show what was counted, for Prometheus, or hand it over
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut metrics
  ut metrics --textfile /var/lib/prometheus/node-exporter
  ut metrics --push http://pushgateway:9091

With UT_TEXTFILE_DIR, or textfile.dir in ut.toml, every command renews the text file when it ends.

Exit codes: 0 done, 2 wrong usage, 3 the state cannot be read, or what was counted cannot be handed over, \
75 the push gateway failed too often of late, or another process holds the text file.")]
pub(crate) struct MetricsArgs {
    /// Write ut.prom into this folder, which a node exporter reads
    #[arg(long, value_name = "DIR")]
    textfile: Option<PathBuf>,
    /// Replace what this push gateway knows of this host
    #[arg(long, value_name = "URL")]
    push: Option<String>,
    #[arg(long, value_enum, default_value = "text", conflicts_with_all = ["textfile", "push"])]
    format: MetricsFormat,
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum MetricsFormat {
    /// Prometheus's text format 0.0.4
    Text,
    /// OpenMetrics 1.0
    Openmetrics,
    Json,
}

pub(crate) fn run(args: &MetricsArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let group = args.push.as_deref().map(group).transpose()?;
    if let Some(folder) = &args.textfile {
        write(folder, ctx)?;
    }
    if let Some(group) = &group {
        push(group, ctx)?;
    }
    if args.textfile.is_none() && group.is_none() {
        let exposition = gather(ctx)?;
        match args.format {
            MetricsFormat::Text => print(&exposition.text(), ctx)?,
            MetricsFormat::Openmetrics => print(&exposition.open_metrics(), ctx)?,
            MetricsFormat::Json => ctx.out.json(&exposition)?,
        }
    }
    Ok(Exit::Done)
}

fn gather(ctx: &Context) -> Result<Exposition, Fault> {
    let exposition = Exposition::gather(&ctx.config, &ctx.env)?;
    warn(&exposition, ctx);
    Ok(exposition)
}

fn warn(exposition: &Exposition, ctx: &Context) {
    if exposition.may_be_stale {
        ctx.out.warn("the newest counts may be missing: their log cannot be read");
    }
}

/// To a terminal without control characters; to anything else as it is.
fn print(text: &str, ctx: &Context) -> Result<(), Fault> {
    match ctx.out.width() {
        Some(_) => {
            let lines: String = text.lines().map(|line| printable(line) + "\n").collect();
            ctx.out.result(lines.as_bytes())
        }
        None => ctx.out.result(text.as_bytes()),
    }
}

fn write(folder: &Path, ctx: &Context) -> Result<(), Fault> {
    let (exposition, path) = textfile::renew(folder, &ctx.config, &ctx.env)?;
    warn(&exposition, ctx);
    ctx.out.summary(&format!("wrote {} series to {}", exposition.lines(), path.display()))
}

/// Where a gateway keeps what is known of this host. The address may hold a password, and is not said.
fn group(gateway: &str) -> Result<Url, Fault> {
    let wrong = |why: String| {
        let fault = Fault::usage(format!("--push was given no address of a push gateway: {why}"));
        fault.hint("such as http://pushgateway:9091")
    };
    let mut url: Url = gateway.parse().map_err(|e| wrong(format!("{e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("it begins with {}:", url.scheme())));
    }
    let host = nix::unistd::gethostname()
        .map_err(|e| Fault::failed("cannot tell the name of this host").because(e))?;
    let host = host.to_string_lossy();
    url.path_segments_mut()
        .expect("an address of HTTP has a path")
        .pop_if_empty()
        .extend(["metrics", "job", "ut", "instance", &*host]);
    Ok(url)
}

/// By PUT, which replaces all of the group: POST would keep what is no longer counted.
fn push(group: &Url, ctx: &Context) -> Result<(), Fault> {
    let exposition = gather(ctx)?;
    let text = exposition.text();
    let name = "pushgateway".parse().expect("it is a name");
    let setup = Setup { timeout: Some(TIMEOUT), ..Setup::default() };
    let mut http = Http::open(name, &setup, ctx)?;
    http.retry = Retry { retries: RETRIES, ..Retry::default() };
    let request = |request: reqwest::blocking::RequestBuilder| {
        request.header(CONTENT_TYPE, "text/plain; version=0.0.4").body(text.clone())
    };
    match http.send(&Method::PUT, group, Repeat::ByMethod, request, ctx) {
        Ok(_) => {
            let series = exposition.lines();
            ctx.out.summary(&format!("pushed {series} series to {}", shown(group)))
        }
        Err(HttpError::Failed { method, url, reason, body, .. }) if !body.trim().is_empty() => {
            let fault = Fault::failed(format!("{method} {url}: {reason}"));
            Err(fault.hint(format!("the gateway says: {}", body.trim())))
        }
        Err(error) => Err(error.into()),
    }
}
