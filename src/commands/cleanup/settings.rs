//! The policy, from flags and configuration.

use clap::Args;

use crate::cleanup::policy::{Mode, Policy, Tag};
use crate::core::context::Context;
use crate::core::error::Fault;

const DEFAULT_TAGS: [&str; 2] = ["stage=production", "protected=true"];

/// The policy
#[derive(Debug, Args, PartialEq, Default)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArgs {
    /// Keep runs that were active within so many days [default: 30]
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Keep so many of the best runs of each experiment [default: 10]
    #[arg(long, value_name = "N")]
    top_n: Option<u32>,
    /// The metric by which they are ranked [default: sharpe_ratio]
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Which end of it is the better one [default: max]
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// Keep runs with this tag, besides those of the configuration [default: stage=production, protected=true]
    #[arg(long, value_name = "KEY=VALUE")]
    protect_tag: Vec<Tag>,
    /// Active runs that stay in every experiment [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    min_keep: Option<u32>,
}

impl PolicyArgs {
    /// What holds for an experiment: flags, then what the configuration says of it, then of all.
    pub(super) fn policy(&self, experiment: &str, ctx: &Context) -> Result<Policy, Fault> {
        let config = ctx.config.for_experiment(experiment);
        let whole = |flag: Option<u32>, name: &str, default| {
            flag.or_else(|| config.whole(name)).unwrap_or(default)
        };
        let mode = match config.text("cleanup.mode") {
            Some("min") => Mode::Min,
            _ => Mode::Max,
        };
        let configured = config.texts("cleanup.protect-tags");
        let texts = configured.unwrap_or_else(|| DEFAULT_TAGS.map(str::to_owned).to_vec());
        let tag = |text: &String| {
            text.parse::<Tag>()
                .map_err(|e| Fault::usage(format!("cleanup.protect-tags: {text:?}: {e}")))
        };
        let mut tags = texts.iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        tags.extend_from_slice(&self.protect_tag);
        if tags.len() > 64 {
            return Err(Fault::usage("more than 64 protecting tags"));
        }
        let metric = self.metric.as_deref().or_else(|| config.text("cleanup.metric"));
        let policy = Policy {
            retention_days: whole(self.retention_days, "cleanup.retention-days", 30),
            top_n: whole(self.top_n, "cleanup.top-n", 10),
            metric: metric.unwrap_or("sharpe_ratio").to_owned(),
            mode: self.mode.unwrap_or(mode),
            protect_tags: tags,
            min_keep: whole(self.min_keep, "cleanup.min-keep", 1),
        };
        if policy.is_empty() {
            let text = format!("the policy of {experiment} keeps nothing: both days and top are 0");
            return Err(Fault::usage(text).hint("--retention-days or --top-n must be at least 1"));
        }
        Ok(policy)
    }
}
