//! `ut detect-workload`.

mod answer;
mod counted;
mod document;
mod input;
mod table;

use std::path::PathBuf;

use clap::Args;

use super::ReportFormat;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::workload::estimate::{Ask, Precision, Task};
use crate::workload::text::Need;
use answer::Answer;
use input::Input;

/// Say whether a folder or a text is machine learning, of which kind, and what it needs to run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut detect-workload
  ut detect-workload services/* --format json
  ut detect-workload model.safetensors --task fine-tune --batch 4 --seq 2048
  ut detect-workload --text 'Fine-tune a 7B model on our support tickets'
  ut detect-workload . --expect none,cpu

Exit codes: 0 done, 1 a type that --expect does not name, 2 wrong usage, 3 an input cannot be read, 4 a part of \
an input could not be read.")]
pub(crate) struct DetectArgs {
    /// Folders, files, or `-` for a text on standard input; none: the current folder
    #[arg(value_name = "PATH")]
    path: Vec<PathBuf>,
    /// Judge these words
    #[arg(long, value_name = "STRING")]
    text: Vec<String>,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    /// Show all evidence, and what the verdict is computed from
    #[arg(long)]
    explain: bool,
    /// What the estimate is for; else what the project seems to do
    #[arg(long, value_enum, value_name = "TASK")]
    task: Option<Task>,
    /// Samples at a time, on each GPU
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Tokens of a sequence
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seq: Option<u32>,
    /// How the weights are held; else as they lie on disk
    #[arg(long, value_enum, value_name = "PRECISION")]
    precision: Option<Precision>,
    /// End with 1 where an input is of no type of these
    #[arg(long, value_enum, value_name = "TYPE", value_delimiter = ',')]
    expect: Vec<Need>,
}

pub(crate) fn run(args: &DetectArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let inputs = inputs(args)?;
    let answers: Vec<Answer> =
        inputs.into_iter().map(|input| Answer::of(input, args.ask(), ctx)).collect();
    match args.format {
        ReportFormat::Table => table::print(&answers, args.explain, ctx)?,
        ReportFormat::Json => ctx.out.json(&document::of(&answers, args.explain))?,
    }
    Ok(exit(args, &answers, ctx))
}

fn inputs(args: &DetectArgs) -> Result<Vec<Input>, Fault> {
    if args.path.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Fault::usage("standard input can be read once: `-` is given twice"));
    }
    let here = [PathBuf::from(".")];
    let paths = if args.path.is_empty() && args.text.is_empty() { &here[..] } else { &args.path };
    let paths = paths.iter().map(|path| Input::named(path));
    paths.chain(args.text.iter().map(|text| Ok(Input::text(text)))).collect()
}

fn exit(args: &DetectArgs, answers: &[Answer], ctx: &Context) -> Exit {
    let mut unexpected = false;
    for answer in answers {
        for note in &answer.assessment.notes {
            ctx.out.warn(format_args!("{}: {note}", answer.input));
        }
        let need = answer.assessment.need;
        if !args.expect.is_empty() && !args.expect.contains(&need) {
            let told = document::type_name(need);
            ctx.out.warn(format_args!("{}: {told} is not among what --expect names", answer.input));
            unexpected = true;
        }
    }
    if unexpected {
        Exit::Findings
    } else if answers.iter().any(|answer| answer.assessment.is_incomplete) {
        Exit::Partial
    } else {
        Exit::Done
    }
}

impl DetectArgs {
    fn ask(&self) -> Ask {
        Ask { task: self.task, batch: self.batch, seq: self.seq, precision: self.precision }
    }
}
