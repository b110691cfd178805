//! `ut config`: the effective configuration and where it came from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, Subcommand};
use reqwest::Url;
use serde::Serialize;

use super::ReportFormat;
use crate::core::breaker::{Rule, Settings, millis};
use crate::core::config::{Entry, Item, Key, Kind, LISTS, Value};
use crate::core::context::Context;
use crate::core::exit::Exit;
use crate::core::http;
use crate::core::name::Name;

/// Show or check the configuration
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print each setting's effective value and its origin
    #[command(after_help = "Example: ut config show --all")]
    Show {
        /// Also defaults, and values that a stronger source hides
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Check the configuration files and variables; exit 2 if they are wrong
    Check,
}

pub(crate) fn run(args: &ConfigArgs, ctx: &Context) -> anyhow::Result<Exit> {
    match args.command {
        ConfigCommand::Show { all, format: ReportFormat::Table } => show(ctx, all)?,
        ConfigCommand::Show { all, format: ReportFormat::Json } => {
            ctx.out.json(&document(ctx, all))?;
        }
        ConfigCommand::Check => check(ctx)?,
    }
    Ok(Exit::Done)
}

/// Lines that are valid TOML, as far as they are values.
fn show(ctx: &Context, all: bool) -> anyhow::Result<()> {
    let mut text = String::new();
    for Entry { name, key, values } in ctx.config.entries() {
        match values.split_first() {
            Some((effective, hidden)) => {
                writeln!(text, "{name} = {}  # {}", shown(key, effective), effective.origin)?;
                for value in hidden.iter().filter(|_| all) {
                    let data = shown(key, value);
                    writeln!(text, "# {name} = {data}  # hidden, {}", value.origin)?;
                }
            }
            None if all => {
                writeln!(text, "# {name} = {}  # default; {}", key.default, key.help)?;
            }
            None => {}
        }
    }
    for list in LISTS {
        for item in ctx.config.items(list.name) {
            writeln!(text, "[[{}]]  # {}", list.name, item.origin)?;
            for (field, value) in item.fields() {
                writeln!(text, "{field} = {}", without_password(&value.data))?;
            }
        }
    }
    if text.is_empty() {
        ctx.out.warn("nothing is configured; `ut config show --all` lists what could be");
    }
    Ok(ctx.out.result(text.as_bytes())?)
}

/// A secret stays one, and so does a password in an address.
fn shown(key: &Key, value: &Value) -> toml::Value {
    match key.kind {
        Kind::Secret => toml::Value::String("…".to_owned()),
        _ => without_password(&value.data),
    }
}

fn without_password(data: &toml::Value) -> toml::Value {
    let url = data.as_str().and_then(|text| text.parse::<Url>().ok());
    match url.filter(|url| url.password().is_some()) {
        Some(url) => toml::Value::String(http::shown(&url)),
        None => data.clone(),
    }
}

fn check(ctx: &Context) -> anyhow::Result<()> {
    let mut text = String::new();
    for file in ctx.config.files() {
        writeln!(text, "{}: sound", file.display())?;
    }
    if ctx.config.files().is_empty() {
        writeln!(text, "no configuration file: the defaults and variables hold")?;
    }
    for Entry { name, key, values } in ctx.config.entries() {
        // These are made where there are none.
        if key.kind != Kind::Path || ["state.dir", "health.report"].contains(&name) {
            continue;
        }
        if let (Some(path), Some(value)) = (ctx.config.path(name), values.first())
            && path.as_os_str() != "-"
            && !path.exists()
        {
            ctx.out.warn(format!("{}: {} does not exist", value.origin, path.display()));
        }
    }
    check_breakers(ctx);
    super::compose_validate::check_settings(ctx)?;
    Ok(ctx.out.result(text.as_bytes())?)
}

/// Warns of breakers that cannot open, because too few calls fall into their window.
fn check_breakers(ctx: &Context) {
    let named = |entry: Entry<'_>| {
        let (name, setting) = entry.name.strip_prefix("breakers.")?.rsplit_once('.')?;
        (setting == "every").then(|| name.parse::<Name>().ok())?
    };
    for name in ctx.config.entries().filter_map(named) {
        let config = ctx.config.for_breaker(&name);
        let settings = Settings::from_config(&config, None);
        let every = config.duration("breakers.every").map_or(0, millis).max(1);
        let fit = settings.window / every + 1;
        if settings.rule == Rule::Count && fit < settings.threshold as i64 {
            let needed = every.saturating_mul(settings.threshold as i64 - 1);
            let needed = Duration::from_millis(needed.cast_unsigned());
            ctx.out.warn(format!(
                "breaker {name} cannot open: {fit} of its calls fall into its window, and {} failures open it; \
                 set rule = \"consecutive\", or window = \"{}\"",
                settings.threshold,
                humantime::format_duration(needed)
            ));
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    files: Vec<String>,
    settings: Vec<Setting<'a>>,
    lists: BTreeMap<&'static str, Vec<Table>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    key: &'a str,
    variable: String,
    help: &'static str,
    value: Option<toml::Value>,
    origin: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<Hidden>,
}

#[derive(Serialize)]
struct Hidden {
    value: toml::Value,
    origin: String,
}

fn document(ctx: &Context, all: bool) -> Document<'_> {
    Document {
        schema: "ut.config/1",
        files: ctx.config.files().iter().map(|f| f.display().to_string()).collect(),
        settings: settings(ctx, all),
        lists: LISTS.iter().map(|list| (list.name, tables(ctx.config.items(list.name)))).collect(),
    }
}

/// One of a list, by field.
type Table = BTreeMap<&'static str, toml::Value>;

fn tables(items: &[Item]) -> Vec<Table> {
    let table = |item: &Item| {
        item.fields().map(|(name, value)| (name, without_password(&value.data))).collect()
    };
    items.iter().map(table).collect()
}

fn settings(ctx: &Context, all: bool) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    for Entry { name, key, values } in ctx.config.entries() {
        let (effective, hidden) = match values.split_first() {
            Some((effective, hidden)) => (Some(*effective), hidden),
            None if all => (None, &[][..]),
            None => continue,
        };
        settings.push(Setting {
            key: name,
            variable: key.variable(),
            help: key.help,
            value: effective.map(|v| shown(key, v)),
            origin: effective.map_or_else(|| "default".to_owned(), |v| v.origin.to_string()),
            hidden: hidden
                .iter()
                .filter(|_| all)
                .map(|v| Hidden { value: shown(key, v), origin: v.origin.to_string() })
                .collect(),
        });
    }
    settings
}
