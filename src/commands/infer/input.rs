//! The model and the rows that a command works on: flags before configuration.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::counted;
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::output::Unit;
use crate::infer::{Counts, Format, Ingested, Keep, OnBadRow, UnknownServer, Wanted, read};
use crate::model::tft::{Inputs, Model};

/// Where rows come from
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct InputArgs {
    /// Metrics to read; - is standard input
    #[arg(long, value_name = "FILE|-")]
    input: Option<PathBuf>,
    /// How the input is written; by default the file's extension tells, else csv
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// End at a bad row, or leave it out and count it [default: fail]
    #[arg(long, value_enum, value_name = "WHAT")]
    on_bad_row: Option<BadRowAction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Csv,
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BadRowAction {
    Fail,
    Skip,
}

impl InputArgs {
    /// The input, if there is one.
    pub(super) fn file(&self, ctx: &Context) -> Option<PathBuf> {
        self.input.clone().or_else(|| ctx.config.path("infer.input"))
    }

    /// The input, which there must be.
    pub(super) fn required_file(&self, ctx: &Context) -> Result<PathBuf, Fault> {
        self.file(ctx).ok_or_else(|| {
            Fault::usage("no input")
                .hint("give --input FILE (- is standard input), or set infer.input in ut.toml")
        })
    }

    pub(super) fn on_bad_row(&self, ctx: &Context) -> OnBadRow {
        match (self.on_bad_row, ctx.config.text("infer.on-bad-row")) {
            (Some(BadRowAction::Skip), _) | (None, Some("skip")) => OnBadRow::Skip,
            _ => OnBadRow::Fail,
        }
    }

    /// How `file` is written, in a word.
    pub(super) fn source(&self, file: &Path, ctx: &Context) -> &'static str {
        match self.format(ctx, file) {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        }
    }

    fn format(&self, ctx: &Context, file: &Path) -> Format {
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
        match (self.input_format, ctx.config.text("infer.input-format")) {
            (Some(InputFormat::Jsonl), _) | (None, Some("jsonl")) => Format::Jsonl,
            (None, None) if ["jsonl", "ndjson"].contains(&extension) => Format::Jsonl,
            _ => Format::Csv,
        }
    }

    /// Reads all rows of `file`, and says what was wrong with them.
    pub(super) fn read(
        &self,
        file: &Path,
        servers: &[String],
        keep: Keep,
        inputs: &Inputs,
        ctx: &Context,
    ) -> Result<Ingested, Fault> {
        let (input, name, size) = open(file)?;
        let progress = ctx.out.progress("reading", Unit::Bytes, size);
        let wanted = Wanted { servers: servers.to_vec(), keep, on_bad_row: self.on_bad_row(ctx) };
        let source = self.source(file, ctx);
        let ingested =
            read(input, self.format(ctx, file), inputs, wanted, &progress).map_err(|error| {
                counted::broken_input(source, &error, ctx);
                error.into_fault(&name)
            })?;
        drop(progress);
        counted::input(source, &ingested, inputs, ctx);
        refuse_unknown(&ingested.unknown_servers, &name)?;
        if let Some(first) = &ingested.first_bad {
            let Counts { skipped, rows } = ingested.counts;
            ctx.out.warn(format!("{skipped} of {rows} rows left out; the first at {first}"));
        }
        if ingested.counts.rows == 0 {
            ctx.out.warn(format!("{name} has a head but no rows yet"));
        }
        if !ingested.ignored_columns.is_empty() {
            let columns = ingested.ignored_columns.join(", ");
            ctx.out.note(format!("the model does not use the columns {columns}"));
        }
        Ok(ingested)
    }
}

/// A server that was asked for by name must be known to someone.
pub(super) fn refuse_unknown(unknown: &[UnknownServer], name: &str) -> Result<(), Fault> {
    let Some(UnknownServer { name: server, near }) = unknown.first() else { return Ok(()) };
    let fault = Fault::usage(format!("there is no server {server} in {name}, nor in the model"));
    Err(match near {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault,
    })
}

/// The folder of the model.
pub(super) fn model_folder(flag: Option<&Path>, ctx: &Context) -> Result<PathBuf, Fault> {
    flag.map(Path::to_path_buf).or_else(|| ctx.config.path("infer.model")).ok_or_else(|| {
        Fault::usage("no model").hint("give the model's folder, or set infer.model in ut.toml")
    })
}

/// The model, which must be there.
pub(super) fn load_model(flag: Option<&Path>, ctx: &Context) -> Result<Model, Fault> {
    let watch = Stopwatch::start();
    let model = Model::load(&model_folder(flag, ctx)?)?;
    counted::loaded(&model, watch.elapsed(), ctx);
    Ok(model)
}

type Opened = (Box<dyn Read>, String, Option<u64>);

/// The input, what to call it, and its size where that is known.
fn open(path: &Path) -> Result<Opened, Fault> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), "standard input".to_owned(), None));
    }
    let name = path.display().to_string();
    let cannot = |e| Fault::failed(format!("cannot read {name}")).because(e);
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), name, size))
}
