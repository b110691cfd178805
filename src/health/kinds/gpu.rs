//! Whether the GPUs answer. Each is opened: a driver may list one that has fallen off the bus.

use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Shared};
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::device::{self, Gpu, GpuError};
use crate::core::error::Fault;
use crate::core::metrics::catalogue::DEVICE_MEMORY;
use crate::health::{Asked, Datum, Options, Probe, Verdict};

pub(super) const KIND: Kind =
    Kind { name: "gpu", fields: &["gpus"], is_critical: true, is_guarded: false, read, found };

#[derive(Debug)]
struct Gpus {
    wanted: Option<usize>,
}

#[expect(clippy::unnecessary_wraps, reason = "as all kinds have it")]
fn read(asked: &Asked<'_>, _: &Context) -> Result<Shared, Fault> {
    Ok(Arc::new(Gpus { wanted: asked.get("gpus").and_then(Value::count) }))
}

fn found(_: Options, _: &Context) -> Option<Shared> {
    device::has_driver().then(|| Arc::new(Gpus { wanted: None }) as Shared)
}

impl Probe for Gpus {
    fn look(&self, _: Duration, ctx: &Context) -> Verdict {
        match device::count() {
            Ok(count) => self.judge(&(0..count).map(memory).collect::<Vec<_>>(), ctx),
            // The driver may be here without a use: in an image that is run on any machine.
            Err(GpuError::NoGpu) if self.wanted.is_none() => {
                Verdict::warn(GpuError::NoGpu.to_string())
            }
            Err(error) => Verdict::fail(error.to_string()),
        }
    }
}

/// Bytes in use, and all.
fn memory(number: usize) -> Result<(u64, u64), GpuError> {
    let gpu = Gpu::open(number)?;
    let (all, free) = (gpu.memory as u64, gpu.free_memory()? as u64);
    Ok((all.saturating_sub(free), all))
}

impl Gpus {
    fn judge(&self, gpus: &[Result<(u64, u64), GpuError>], ctx: &Context) -> Verdict {
        ctx.pending.change(|count| count.clear(&DEVICE_MEMORY, &[]));
        let answering: Vec<(usize, u64, u64)> = (0..)
            .zip(gpus)
            .filter_map(|(number, gpu)| gpu.as_ref().ok().map(|(used, all)| (number, *used, *all)))
            .collect();
        for (number, used, all) in &answering {
            let device = format!("cuda:{number}");
            ctx.pending.change(|count| {
                count.set(&DEVICE_MEMORY, &[&device, "used"], *used as f64);
                count.set(&DEVICE_MEMORY, &[&device, "total"], *all as f64);
            });
        }
        let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        let (used, all) =
            answering.iter().fold((0, 0), |(u, a), (_, used, all)| (u + used, a + all));
        let wanted = self.wanted.unwrap_or(gpus.len());
        let answer = if wanted == 1 { "answers" } else { "answer" };
        let counted = format!("{} of {wanted} {answer}", answering.len());
        let memory = format!("{:.1} of {:.1} GiB used", gib(used), gib(all));
        let wrong = (0..).zip(gpus).find_map(|(number, gpu)| Some((number, gpu.as_ref().err()?)));
        let verdict = match wrong {
            Some((number, error)) => Verdict::fail(format!("{counted}; cuda:{number}: {error}")),
            None if answering.len() < wanted => Verdict::fail(format!("{counted}, {memory}")),
            None => Verdict::pass(format!("{counted}, {memory}")),
        };
        let answering = Datum::new("answering", answering.len() as f64, "");
        verdict.with(answering).with(Datum::new("memory", used as f64, "B"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Config, Environment};
    use crate::core::output::{Color, Level, Output};
    use crate::health::Status;

    #[test]
    fn every_gpu_must_answer() {
        let env = Environment::default();
        let out = Output::new(&env, Color::Never, Level::Quiet);
        let ctx = Context::new(Config::load(&env, None).unwrap(), env, out);
        let gib = |n: u64| n << 30;
        let judge = |wanted, gpus: &[_]| Gpus { wanted }.judge(gpus, &ctx);
        let one = judge(None, &[Ok((gib(12), gib(24)))]);
        assert_eq!(one.output, "1 of 1 answers, 12.0 of 24.0 GiB used");
        assert_eq!(one.status, Status::Pass);
        let lost = judge(None, &[Ok((0, gib(24))), Err(GpuError::Lost("gone".to_owned()))]);
        assert_eq!(lost.output, "1 of 2 answer; cuda:1: the GPU fell out: gone");
        assert_eq!(lost.status, Status::Fail);
        assert_eq!(judge(Some(2), &[Ok((0, gib(24)))]).status, Status::Fail);
        assert!(!ctx.pending.take().is_empty());
    }
}
