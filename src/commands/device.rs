//! `ut device`: the GPUs of this machine, and whether they compute what the CPU does.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::ReportFormat;
use crate::core::context::Context;
use crate::core::device::{Gpu, GpuError, Precision, count, driver_version};
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::units::bytes;
use crate::core::output::{Align, Table};
use crate::model::tft::{Model, check};

const REMEDY: &str =
    "`nvidia-smi` tells whether the driver works; a container needs to be started with its GPUs";

/// List the GPUs that forecasts can run on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut device
  ut device --check --model model

Exit codes: 0 done, 1 a GPU does not compute what the CPU does, 3 there is no GPU to check.")]
pub(crate) struct DeviceArgs {
    /// Compute the same on every GPU and on the CPU, and compare
    #[arg(long)]
    check: bool,
    /// Check with this model instead of a small one of `ut`'s own
    #[arg(long, value_name = "DIR", requires = "check")]
    model: Option<PathBuf>,
    /// How the GPU multiplies in the check
    #[arg(
        long,
        value_enum,
        value_name = "PRECISION",
        default_value = "single",
        requires = "check"
    )]
    precision: Precision,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// The CUDA version that the driver is for.
    driver: Option<String>,
    gpus: Vec<Listed>,
    /// Why there are none.
    reason: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    number: usize,
    name: String,
    compute_capability: String,
    memory_bytes: usize,
    free_bytes: usize,
    check: Option<Check>,
}

#[derive(Serialize)]
struct Check {
    agrees: bool,
    largest_difference: Option<f32>,
    error: Option<String>,
}

pub(crate) fn run(args: &DeviceArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let model = match (&args.model, args.check) {
        (Some(folder), _) => Some(Model::load(folder).map_err(Fault::from)?),
        (None, true) => Some(Model::built_in().map_err(Fault::from)?),
        (None, false) => None,
    };
    let gpus = match list(model.as_ref(), args.precision) {
        Err(error) if args.check => {
            return Err(Fault::failed("there is no GPU to check")
                .because(error)
                .hint(REMEDY)
                .into());
        }
        gpus => gpus,
    };
    let failed = gpus.iter().flatten().filter_map(|gpu| gpu.check.as_ref()).any(|c| !c.agrees);
    match args.format {
        ReportFormat::Table => print(gpus, ctx)?,
        ReportFormat::Json => ctx.out.json(&document(gpus))?,
    }
    Ok(if failed { Exit::Findings } else { Exit::Done })
}

fn list(model: Option<&Model>, precision: Precision) -> Result<Vec<Listed>, GpuError> {
    (0..count()?).map(|number| listed(number, model, precision)).collect()
}

fn listed(number: usize, model: Option<&Model>, precision: Precision) -> Result<Listed, GpuError> {
    let gpu = Gpu::open(number)?;
    let (major, minor) = gpu.capability;
    Ok(Listed {
        number,
        name: gpu.name.clone(),
        compute_capability: format!("{major}.{minor}"),
        memory_bytes: gpu.memory,
        free_bytes: gpu.free_memory()?,
        check: model.map(|model| match check(model, gpu, precision) {
            Ok(checked) => Check {
                agrees: checked.agrees(),
                largest_difference: Some(checked.largest_difference),
                error: None,
            },
            Err(error) => {
                Check { agrees: false, largest_difference: None, error: Some(error.to_string()) }
            }
        }),
    })
}

fn driver() -> Option<String> {
    driver_version().ok().map(|(major, minor)| format!("{major}.{minor}"))
}

fn document(gpus: Result<Vec<Listed>, GpuError>) -> Document {
    let reason = gpus.as_ref().err().map(ToString::to_string);
    Document { schema: "ut.device/1", driver: driver(), gpus: gpus.unwrap_or_default(), reason }
}

fn print(gpus: Result<Vec<Listed>, GpuError>, ctx: &Context) -> Result<(), Fault> {
    let gpus = match gpus {
        Ok(gpus) => gpus,
        Err(error) => {
            let line = format!("no GPU: {error}; forecasts run on the CPU\n");
            ctx.out.result(line.as_bytes())?;
            ctx.out.note(REMEDY);
            return Ok(());
        }
    };
    let size = |n: usize| bytes(n as u64);
    let mut table = Table::new();
    table.column("", Align::Right, 0, gpus.iter().map(|g| g.number.to_string()));
    table.column("GPU", Align::Left, 0, gpus.iter().map(|g| g.name.clone()));
    table.column("capability", Align::Right, 1, gpus.iter().map(|g| g.compute_capability.clone()));
    table.column("memory", Align::Right, 2, gpus.iter().map(|g| size(g.memory_bytes)));
    table.column("free", Align::Right, 1, gpus.iter().map(|g| size(g.free_bytes)));
    if gpus.iter().any(|g| g.check.is_some()) {
        let result = |gpu: &Listed| gpu.check.as_ref().map_or_else(String::new, Check::line);
        table.column("check", Align::Left, 0, gpus.iter().map(result));
    }
    let driver = driver().unwrap_or_default();
    ctx.out.result(format!("{}CUDA driver {driver}\n", table.render(&ctx.out)).as_bytes())
}

impl Check {
    fn line(&self) -> String {
        match (&self.error, self.largest_difference) {
            (Some(error), _) => format!("failed: {error}"),
            (None, Some(off)) if self.agrees => format!("agrees with the CPU ({off:.0e})"),
            (None, off) => format!("differs from the CPU by {:e}", off.unwrap_or(f32::NAN)),
        }
    }
}
