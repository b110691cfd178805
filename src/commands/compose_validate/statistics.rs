//! How often each code is found.

use serde::Serialize;

use super::Format;
use super::tally::{OfCode, Tally};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::output::{Align, Table};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    statistics: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
    count: usize,
    /// Those that `--fix` or `--unsafe-fixes` can mend.
    fixable: usize,
}

pub(super) fn show(tally: &Tally, format: Format, ctx: &Context) -> anyhow::Result<()> {
    let rows = rows(tally);
    match format {
        Format::Json => {
            ctx.out.json(&Document { schema: "ut.compose-statistics/1", statistics: rows })
        }
        Format::Full | Format::Concise => Ok(ctx.out.result(table(&rows, ctx).as_bytes())?),
        Format::Sarif | Format::Github => {
            Err(Fault::usage("--statistics is a table or JSON").hint("leave --format out").into())
        }
    }
}

/// The most frequent first.
fn rows(tally: &Tally) -> Vec<Row> {
    let row = |of_code: &OfCode| Row {
        code: of_code.code.id,
        name: of_code.code.name,
        count: of_code.count,
        fixable: of_code.fixable,
    };
    let mut rows: Vec<Row> = tally.codes.values().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

fn table(rows: &[Row], ctx: &Context) -> String {
    if rows.is_empty() {
        return "nothing found\n".to_owned();
    }
    let mut table = Table::new();
    table.column("found", Align::Right, 0, rows.iter().map(|row| row.count.to_string()));
    table.column("fixable", Align::Right, 0, rows.iter().map(|row| row.fixable.to_string()));
    table.column("code", Align::Left, 0, rows.iter().map(|row| row.code.to_owned()));
    table.column("", Align::Left, 0, rows.iter().map(|row| row.name.to_owned()));
    table.render(&ctx.out)
}
