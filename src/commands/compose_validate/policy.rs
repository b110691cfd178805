//! How stacks are judged, from flags and configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::totals::HostArgs;
use crate::compose::finding::Severity;
use crate::compose::rules::{Set, Settings};
use crate::compose::select::{self, Selection, Selector};
use crate::compose::{Ignore, Policy, Where};
use crate::core::config::{Config, Origin};
use crate::core::context::Context;
use crate::core::error::{Fault, nearest};

/// Which rules act.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArgs {
    /// The rules that judge [default: platform]
    #[arg(long, value_enum, value_name = "SET", conflicts_with = "select")]
    set: Option<Set>,
    /// Only these codes; `CV5` is all that begin so
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    select: Vec<String>,
    /// These codes as well
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    extend_select: Vec<String>,
    /// Not these codes
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    ignore: Vec<String>,
    /// How bad it is: `CV202=note`
    #[arg(long, value_name = "CODE=SEVERITY,…", value_delimiter = ',')]
    severity_of: Vec<String>,
    /// Print how often each code is found
    #[arg(long, conflicts_with = "resolved")]
    pub(super) statistics: bool,
    /// Print what a code means, and an example
    #[arg(long, value_name = "CODE")]
    pub(super) explain: Option<String>,
    /// Print every rule
    #[arg(long)]
    pub(super) list_rules: bool,
}

pub(super) fn policy(rules: &RuleArgs, host: &HostArgs, ctx: &Context) -> Result<Policy, Fault> {
    let config = &ctx.config;
    let selection = selection(rules, config)?;
    let is_strict = selection.set == Some(Set::Strict);
    Ok(Policy {
        selection,
        settings: Settings { is_strict, ..settings(host, config)? },
        ignores: ignores(ctx)?,
    })
}

fn selection(args: &RuleArgs, config: &Config) -> Result<Selection, Fault> {
    // What a flag says of the rules goes before all that the configuration says of them.
    let list = |flag: &[String], name: &str, key: &str| {
        if flag.is_empty() {
            let texts = config.texts(key).unwrap_or_default();
            selectors(&texts, &place(config, key))
        } else {
            selectors(flag, name)
        }
    };
    let is_asked = args.set.is_some() || !args.select.is_empty();
    let (set, select) = if is_asked {
        (args.set, selectors(&args.select, "--select")?)
    } else {
        let set =
            config.text("compose.set").and_then(|text| clap::ValueEnum::from_str(text, false).ok());
        (set, list(&[], "", "compose.select")?)
    };
    if !is_asked && set.is_some() && !select.is_empty() {
        let text =
            format!("{} and `compose.set` exclude each other", place(config, "compose.select"));
        return Err(Fault::usage(text).hint("`extend-select` adds codes to a set"));
    }
    let selection = Selection {
        set,
        select,
        extend: list(&args.extend_select, "--extend-select", "compose.extend-select")?,
        ignore: list(&args.ignore, "--ignore", "compose.ignore")?,
        severities: severities(args, config)?,
    };
    let both = selection.select.iter().chain(&selection.extend);
    if let Some(code) = both.into_iter().find(|code| selection.ignore.contains(code)) {
        let text = format!("{} is both selected and ignored", code.as_str());
        return Err(
            Fault::usage(text).hint("select or ignore a longer code: the longer one counts")
        );
    }
    Ok(selection)
}

fn place(config: &Config, key: &str) -> String {
    let origin = config.origin(key).map_or_else(String::new, Origin::to_string);
    format!("{origin}: `{key}`")
}

fn selectors(texts: &[String], place: &str) -> Result<Vec<Selector>, Fault> {
    texts.iter().map(|text| selector(text, place)).collect()
}

fn selector(text: &str, place: &str) -> Result<Selector, Fault> {
    text.parse().map_err(|error| no_code(place, text, &error))
}

fn no_code(place: &str, text: &str, error: &select::NoCode) -> Fault {
    let known = select::all().flat_map(|code| [code.id, code.name]);
    let fault = Fault::usage(format!("{place}: {error}"));
    match nearest(text, known) {
        Some(known) => fault.hint(format!("did you mean `{known}`?")),
        None => fault.hint("`ut compose-validate --list-rules` lists them"),
    }
}

fn severities(args: &RuleArgs, config: &Config) -> Result<BTreeMap<&'static str, Severity>, Fault> {
    let mut all = BTreeMap::new();
    let mut add = |code: &str, severity: &str, place: &str| {
        let selector = selector(code, place)?;
        let severity = <Severity as clap::ValueEnum>::from_str(severity, false).map_err(|_| {
            Fault::usage(format!("{place}: `{severity}` is none of note, warning, error"))
        })?;
        let codes = select::all().filter(|code| selector.holds(code));
        all.extend(codes.map(|code| (code.id, severity)));
        Ok::<_, Fault>(())
    };
    let key = "compose.severity-of";
    for (code, severity) in config.table(key).into_iter().flatten() {
        add(code, severity.as_str().unwrap_or_default(), &place(config, key))?;
    }
    for text in &args.severity_of {
        let Some((code, severity)) = text.split_once('=') else {
            let text = format!("--severity-of: `{text}` is no code with a severity");
            return Err(Fault::usage(text).hint("write `--severity-of CV202=note`"));
        };
        add(code, severity, "--severity-of")?;
    }
    Ok(all)
}

fn settings(host: &HostArgs, config: &Config) -> Result<Settings, Fault> {
    Ok(Settings {
        host: host.host(config)?,
        overcommit: config.number("compose.overcommit").unwrap_or(1.0),
        restart: config.text("compose.restart").unwrap_or("on-failure:3").to_owned(),
        is_strict: false,
        shares_gpus: config.is_on("compose.share-gpus"),
        moving_tags: config
            .texts("compose.moving-tags")
            .unwrap_or_else(|| vec!["latest".to_owned()]),
        model_load: config.duration("compose.model-load").unwrap_or(Duration::from_secs(120)),
    })
}

fn ignores(ctx: &Context) -> Result<Vec<Ignore>, Fault> {
    let mut all = Vec::new();
    for key in ["compose.per-file-ignores", "compose.per-service-ignores"] {
        let place = place(&ctx.config, key);
        // Paths in a file begin at its folder.
        let folder = match ctx.config.origin(key) {
            Some(Origin::File { path, .. }) => path.parent(),
            _ => None,
        };
        let folder = ctx.env.current_folder.join(folder.unwrap_or(Path::new("")));
        for (code, places) in ctx.config.table(key).into_iter().flatten() {
            let selector = selector(code, &place)?;
            for (pattern, reason) in places.as_table().into_iter().flatten() {
                let pattern = pattern.clone();
                let place = match key {
                    "compose.per-file-ignores" => Where::File { folder: folder.clone(), pattern },
                    _ => Where::Service { pattern },
                };
                let reason = reason.as_str().unwrap_or_default().to_owned();
                all.push(Ignore { selector: selector.clone(), place, reason });
            }
        }
    }
    Ok(all)
}
