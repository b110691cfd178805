//! What computes the forecasts: threads of the processor, or a GPU.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use crate::core::clock::Stopwatch;
use crate::core::device::{Gpu, GpuError, Precision};
use crate::core::error::Fault;
use crate::core::output::Progress;
use crate::model::tft::{Batch, Codes, CudaNetwork, Fit, GROUP, Inputs, Model, Series, Unfit};

/// Servers that a thread prepares for a GPU, and that go to it together.
const PREPARED: usize = 64;
const TOGETHER: usize = 4096;

/// What computes the forecasts.
#[derive(Debug)]
pub enum Engine {
    Cpu {
        threads: usize,
    },
    /// The network on a GPU; threads prepare what it takes.
    Gpu {
        network: Box<CudaNetwork>,
        threads: usize,
    },
}

/// Why nothing was computed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("cannot start {0} threads")]
    Threads(usize, #[source] rayon::ThreadPoolBuildError),
    #[error("cannot forecast on the GPU")]
    Gpu(#[from] GpuError),
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let fault = Self::failed(error.to_string());
        match error {
            EngineError::Threads(_, source) => fault.because(source),
            EngineError::Gpu(source) => fault.because(source).hint("--device cpu does without"),
        }
    }
}

/// Servers with the rows that their forecasts look at, and their labels' codes.
pub(super) struct Work<'w> {
    pub(super) servers: &'w [(&'w Series, &'w Fit)],
    pub(super) codes: &'w Codes<'w>,
    /// Of the longest encoder: results do not depend on blocks.
    pub(super) encoder_steps: usize,
}

/// [horizon, quantiles] of each server.
type Computed = Vec<Result<Array2<f32>, Unfit>>;

/// A pass over servers, by the clock on the wall.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pass {
    pub servers: usize,
    /// From rows to what the network takes, and back to the target's unit.
    pub normalise: Duration,
    /// The network itself.
    pub forward: Duration,
}

impl Engine {
    /// Brings the model to the GPU of that number.
    pub fn gpu(
        model: &Model,
        number: usize,
        precision: Precision,
        threads: usize,
    ) -> Result<Self, GpuError> {
        let network = CudaNetwork::new(&model.network, Gpu::open(number)?, precision)?;
        Ok(Self::Gpu { network: Box::new(network), threads })
    }

    /// As people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu { threads: 1 } => "CPU, 1 thread".to_owned(),
            Self::Cpu { threads } => format!("CPU, {threads} threads"),
            Self::Gpu { network, .. } => network.gpu().name.clone(),
        }
    }

    /// As it is asked for: `cpu`, `cuda:0`.
    pub fn device(&self) -> String {
        match self {
            Self::Cpu { .. } => "cpu".to_owned(),
            Self::Gpu { network, .. } => format!("cuda:{}", network.gpu().number),
        }
    }

    /// The GPU, where that computes.
    pub fn gpu_used(&self) -> Option<&Gpu> {
        match self {
            Self::Cpu { .. } => None,
            Self::Gpu { network, .. } => Some(network.gpu()),
        }
    }

    pub(super) fn compute(
        &self,
        model: &Model,
        work: &Work<'_>,
        progress: &Progress,
    ) -> Result<(Computed, Pass), EngineError> {
        let watch = Stopwatch::start();
        let (computed, forward) = match self {
            Self::Cpu { threads } => {
                let spent = Spent::default();
                let computed = on_threads(*threads, work.servers.chunks(GROUP), |block| {
                    let watch = Stopwatch::start();
                    let prepared = Prepared::new(&model.inputs, block, work);
                    let began = watch.elapsed();
                    let raw = model.forward(&prepared.batch);
                    let ended = watch.elapsed();
                    progress.advance(block.len() as u64);
                    let rescaled = prepared.rescaled(&model.inputs, raw.outer_iter());
                    spent.add(ended.saturating_sub(began), watch.elapsed());
                    rescaled
                })?;
                (computed, watch.elapsed().mul_f64(spent.share_of_forward()))
            }
            Self::Gpu { network, threads } => gpu(network, *threads, model, work, progress)?,
        };
        let normalise = watch.elapsed().saturating_sub(forward);
        Ok((computed, Pass { servers: work.servers.len(), normalise, forward }))
    }
}

/// What threads have spent together, in nanoseconds. They do both by turns, so that their shares are those of the wall's
/// clock.
#[derive(Debug, Default)]
struct Spent {
    forward: AtomicU64,
    all: AtomicU64,
}

impl Spent {
    fn add(&self, forward: Duration, all: Duration) {
        self.forward.fetch_add(forward.as_nanos() as u64, Ordering::Relaxed);
        self.all.fetch_add(all.as_nanos() as u64, Ordering::Relaxed);
    }

    fn share_of_forward(&self) -> f64 {
        let all = self.all.load(Ordering::Relaxed).max(1);
        self.forward.load(Ordering::Relaxed) as f64 / all as f64
    }
}

/// On a GPU, and how long that computed.
fn gpu(
    network: &CudaNetwork,
    threads: usize,
    model: &Model,
    work: &Work<'_>,
    progress: &Progress,
) -> Result<(Computed, Duration), EngineError> {
    let (mut all, mut forward) = (Vec::with_capacity(work.servers.len()), Duration::ZERO);
    for together in work.servers.chunks(TOGETHER) {
        let parts = on_threads(threads, together.chunks(PREPARED), |part| {
            vec![Prepared::new(&model.inputs, part, work)]
        })?;
        let batch = joined(&parts);
        let watch = Stopwatch::start();
        let raw = network.forward(&batch)?;
        forward += watch.elapsed();
        let mut raw = raw.outer_iter();
        for part in parts {
            all.extend(part.rescaled(&model.inputs, raw.by_ref()));
        }
        progress.advance(together.len() as u64);
    }
    Ok((all, forward))
}
/// What `f` makes of the blocks, in their order; threads take the next block when they are done with one.
fn on_threads<'b, B, T, F>(
    threads: usize,
    blocks: std::slice::Chunks<'b, B>,
    f: F,
) -> Result<Vec<T>, EngineError>
where
    B: Sync,
    T: Send,
    F: Fn(&'b [B]) -> Vec<T> + Send + Sync,
{
    let blocks: Vec<&[B]> = blocks.collect();
    if threads == 1 || blocks.len() < 2 {
        return Ok(blocks.into_iter().flat_map(f).collect());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(blocks.len())).build();
    let pool = pool.map_err(|e| EngineError::Threads(threads, e))?;
    Ok(pool.install(|| blocks.into_par_iter().flat_map_iter(f).collect()))
}

/// The tensors of some servers, and who could not be prepared.
struct Prepared {
    batch: Batch,
    filled: Vec<Result<(), Unfit>>,
}

impl Prepared {
    fn new(inputs: &Inputs, servers: &[(&Series, &Fit)], work: &Work<'_>) -> Self {
        let mut batch = inputs.empty_batch(servers.len(), work.encoder_steps);
        let mut filled: Vec<Result<(), Unfit>> = Vec::with_capacity(servers.len());
        for (sample, (series, fit)) in servers.iter().enumerate() {
            let before = sample.checked_sub(1).filter(|before| {
                filled[*before].is_ok() && inputs.are_alike(servers[*before], (series, fit))
            });
            filled.push(inputs.fill(series, work.codes, fit, &mut batch, sample, before));
        }
        Self { batch, filled }
    }

    /// The forecasts, of the network's output for each server.
    fn rescaled<'r>(
        self,
        inputs: &Inputs,
        raw: impl Iterator<Item = ArrayView2<'r, f32>>,
    ) -> Computed {
        let samples = self.filled.into_iter().zip(raw).enumerate();
        samples
            .map(|(sample, (filled, raw))| {
                filled.and_then(|()| rescaled(inputs, &self.batch, raw.to_owned(), sample))
            })
            .collect()
    }
}

fn rescaled(
    inputs: &Inputs,
    batch: &Batch,
    mut values: Array2<f32>,
    sample: usize,
) -> Result<Array2<f32>, Unfit> {
    let scale = batch.target_scale.row(sample);
    inputs.rescale([scale[0], scale[1]], values.view_mut());
    if values.iter().all(|x| x.is_finite()) { Ok(values) } else { Err(Unfit::NoNumber) }
}

fn joined(parts: &[Prepared]) -> Batch {
    let batches = || parts.iter().map(|part| &part.batch);
    let along = "parts of the same sizes";
    let reals: Vec<_> = batches().map(|b| b.reals.view()).collect();
    let categoricals: Vec<_> = batches().map(|b| b.categoricals.view()).collect();
    let scales: Vec<_> = batches().map(|b| b.target_scale.view()).collect();
    Batch {
        reals: concatenate(Axis(0), &reals).expect(along),
        categoricals: concatenate(Axis(0), &categoricals).expect(along),
        encoder_steps: parts.first().map_or(0, |part| part.batch.encoder_steps),
        encoder_lengths: batches().flat_map(|b| b.encoder_lengths.clone()).collect(),
        decoder_lengths: batches().flat_map(|b| b.decoder_lengths.clone()).collect(),
        target_scale: concatenate(Axis(0), &scales).expect(along),
    }
}
