//! The page of a rule: what it asks and why, with an example and what is said of it.

use std::fmt::Write as _;

use super::full;
use super::judged::Judged;
use super::rules::{fix, sets};
use crate::compose::finding::Code;
use crate::compose::rules::{self, Rule, Settings};
use crate::compose::select::{self, Selection};
use crate::compose::{Input, Policy, Request, Stack};
use crate::core::context::Context;
use crate::core::error::{Fault, nearest};

/// Columns of what is said in a page.
const WIDTH: usize = 100;

pub(super) fn explain(text: &str, ctx: &Context) -> anyhow::Result<()> {
    let Some(code) = select::find(text) else {
        let known = select::all().flat_map(|code| [code.id, code.name]);
        let fault = Fault::usage(format!("there is no code `{text}`"));
        let hint = match nearest(text, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "`ut compose-validate --list-rules` lists the rules".to_owned(),
        };
        return Err(fault.hint(hint).into());
    };
    let page = match rules::all().find(|rule| rule.code.id == code.id) {
        Some(rule) => of_rule(rule)?,
        None => of_reading(code),
    };
    Ok(ctx.out.result(page.as_bytes())?)
}

/// The codes of reading need no more than a sentence: what is wrong is in the message.
fn of_reading(code: &Code) -> String {
    let Code { id, name, severity, about } = code;
    format!("# {id} `{name}`\n\n{severity}: {about}.\n\nIt is found while a stack is read.\n")
}

fn of_rule(rule: &Rule) -> anyhow::Result<String> {
    let Code { id, name, severity, about } = &rule.code;
    let mut page = format!("# {id} `{name}`\n\n{about}\n\n");
    let _ = writeln!(page, "| severity | sets | fix |\n| --- | --- | --- |");
    let _ = writeln!(page, "| {severity} | {} | {} |\n", sets(rule), fix(rule));
    let _ = writeln!(page, "{}\n", rule.why.trim());
    let _ = writeln!(page, "## Example\n\n```yaml\n{}```\n", rule.bad);
    let _ = writeln!(page, "```text\n{}```\n", said(rule)?);
    let _ = writeln!(page, "## Instead\n\n```yaml\n{}```\n", rule.good);
    let _ = write!(
        page,
        "## To leave it\n\n`# ut: ignore[{id}] reason` at the line, above the service or on top of the file; \
         `per-service-ignores = {{ {id} = {{ SERVICE = \"reason\" }} }}` below `[compose]` in `ut.toml`; or `--ignore {id}`.\n"
    );
    Ok(page)
}

/// What the rule says of its example.
fn said(rule: &Rule) -> anyhow::Result<String> {
    let request = Request {
        files: vec![Input::Text { name: "compose.yaml".into(), bytes: rule.bad.into() }],
        project_name: Some("example".to_owned()),
        current: "/".into(),
        ..Request::default()
    };
    let policy = Policy {
        selection: Selection { select: vec![rule.code.id.parse()?], ..Selection::default() },
        settings: Settings::of_examples(),
        ignores: Vec::new(),
    };
    let stack = Stack::read(&request)?;
    let verdict = stack.verdict(&policy);
    Ok(full::render(&Judged::new(stack, &request, verdict), false, WIDTH))
}
