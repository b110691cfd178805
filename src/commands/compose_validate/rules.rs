//! The list of rules.

use serde::Serialize;

use super::Format;
use crate::compose::finding::Severity;
use crate::compose::fix::Safety;
use crate::compose::rules::{self, Rule, Set};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::output::{Align, Table};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    rules: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
    severity: Severity,
    sets: &'static [Set],
    /// How `--fix` mends it; `null`: not.
    fix: Option<Safety>,
    about: &'static str,
}

pub(super) fn list(format: Format, ctx: &Context) -> anyhow::Result<()> {
    let rules: Vec<&Rule> = rules::all().collect();
    match format {
        Format::Json => {
            let rules = rules.into_iter().map(row).collect();
            ctx.out.json(&Document { schema: "ut.compose-rules/1", rules })
        }
        Format::Full | Format::Concise => Ok(ctx.out.result(table(&rules, ctx).as_bytes())?),
        Format::Sarif | Format::Github => {
            Err(Fault::usage("--list-rules is a table or JSON").hint("leave --format out").into())
        }
    }
}

fn row(rule: &'static Rule) -> Row {
    let code = &rule.code;
    Row {
        code: code.id,
        name: code.name,
        severity: code.severity,
        sets: rule.sets,
        fix: rule.fix,
        about: code.about,
    }
}

fn table(rules: &[&Rule], ctx: &Context) -> String {
    let mut table = Table::new();
    let mut column = |head, priority, each: &dyn Fn(&Rule) -> String| {
        table.column(head, Align::Left, priority, rules.iter().map(|rule| each(rule)));
    };
    column("code", 0, &|rule| rule.code.id.to_owned());
    column("rule", 0, &|rule| rule.code.name.to_owned());
    column("severity", 0, &|rule| rule.code.severity.to_string());
    column("sets", 2, &|rule| sets(rule));
    column("fix", 2, &|rule| fix(rule).to_owned());
    column("finds that", 1, &|rule| rule.code.about.to_owned());
    table.render(&ctx.out)
}

/// `platform, strict`
pub(super) fn sets(rule: &Rule) -> String {
    let names = rule.sets.iter().map(|set| match set {
        Set::Platform => "platform",
        Set::Safe => "safe",
        Set::Strict => "strict",
    });
    names.collect::<Vec<_>>().join(", ")
}

pub(super) fn fix(rule: &Rule) -> &'static str {
    match rule.fix {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe) => "unsafe",
        None => "–",
    }
}
