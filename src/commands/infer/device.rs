//! What computes the forecasts, as it was asked for.

use std::num::NonZeroUsize;

use super::forecast::ForecastArgs;
use crate::core::context::Context;
use crate::core::device::{Choice, GpuError, Precision};
use crate::core::error::Fault;
use crate::infer::{Engine, EngineError, ForecastError, Report};
use crate::model::tft::Model;

/// From so many servers on, a GPU makes up for the time it takes to open one (a few tenths of a second).
const WORTH_A_GPU: usize = 4096;

/// The device, its precision and the threads that were asked for.
pub(super) struct Chosen {
    device: Choice,
    precision: Precision,
    threads: usize,
}

impl Chosen {
    pub(super) fn of(args: &ForecastArgs, ctx: &Context) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = args.threads.map(NonZeroUsize::get);
        let threads = threads.or_else(|| ctx.config.count("infer.threads"));
        let device = args.device.or_else(|| ctx.config.device("infer.device"));
        let precision = args.precision.or_else(|| ctx.config.precision("infer.precision"));
        Self {
            device: device.unwrap_or(Choice::Auto),
            precision: precision.unwrap_or_default(),
            threads: threads.unwrap_or_else(cores),
        }
    }

    /// Runs `forecast` on the device; where it was not named, on the CPU if a GPU fails. And what it ran on.
    pub(super) fn run(
        &self,
        model: &Model,
        servers: usize,
        ctx: &Context,
        forecast: impl Fn(&Engine) -> Result<Report, ForecastError>,
    ) -> Result<(Report, Engine), Fault> {
        let cpu = Engine::Cpu { threads: self.threads };
        let on = |engine: Engine| match forecast(&engine) {
            Ok(report) => Ok((report, engine)),
            Err(error) => Err(error),
        };
        let gpu = |number| {
            Engine::gpu(model, number, self.precision, self.threads).map_err(EngineError::from)
        };
        match self.device {
            Choice::Cuda(number) => Ok(on(gpu(number)?)?),
            Choice::Auto if servers >= WORTH_A_GPU => {
                match gpu(0).map_err(ForecastError::from).and_then(on) {
                    Err(ForecastError::Engine(EngineError::Gpu(error))) => {
                        if !matches!(error, GpuError::NoDriver | GpuError::NoGpu) {
                            ctx.out.warn(format!("{error}: the CPU forecasts instead"));
                        }
                        Ok(on(cpu)?)
                    }
                    other => Ok(other?),
                }
            }
            Choice::Auto | Choice::Cpu => Ok(on(cpu)?),
        }
    }
}
