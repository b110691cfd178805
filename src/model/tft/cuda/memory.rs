//! What a pass on a GPU reads, writes and works in.

use std::fmt;
use std::sync::Arc;

use cudarc::driver::{CudaGraph, CudaSlice, CudaStream, DeviceRepr, DriverError};
use ndarray::s;

use crate::model::tft::batch::Batch;
use crate::model::tft::fast::Plan;

/// Of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) servers: usize,
    pub(super) encoder: usize,
    pub(super) decoder: usize,
    pub(super) reals: usize,
    pub(super) codes: usize,
}

impl Sizes {
    /// Of so many samples of a batch.
    pub(super) fn new(batch: &Batch, servers: usize) -> Self {
        let (_, _, reals) = batch.reals.dim();
        let (_, _, codes) = batch.categoricals.dim();
        let (encoder, decoder) = (batch.encoder_steps, batch.decoder_steps());
        Self { servers, encoder, decoder, reals, codes }
    }

    pub(super) fn steps(&self) -> usize {
        self.encoder + self.decoder
    }

    /// Of the memory.
    pub(super) fn bytes(&self, plan: &Plan) -> usize {
        let [queries, keys, values] = plan.attention;
        let per_step = self.reals + self.codes + 3 * plan.features + keys + values;
        let per_query = queries + 2 * plan.features + plan.head + plan.outputs;
        let one = 2 + plan.contexts + self.steps() * per_step + self.decoder * per_query;
        self.servers * one * size_of::<f32>()
    }
}

/// Tensors for so many servers, kept for the next pass.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) past: Past,
    pub(super) sizes: Sizes,
    pub(super) reals: CudaSlice<f32>,
    pub(super) codes: CudaSlice<u32>,
    pub(super) lengths: [CudaSlice<i32>; 2],
    pub(super) contexts: CudaSlice<f32>,
    /// What the selections yield, and the LSTM's layers in turn.
    pub(super) rows: [CudaSlice<f32>; 3],
    pub(super) keys: CudaSlice<f32>,
    pub(super) values: CudaSlice<f32>,
    pub(super) queries: CudaSlice<f32>,
    pub(super) gated: CudaSlice<f32>,
    pub(super) enriched: CudaSlice<f32>,
    pub(super) attended: CudaSlice<f32>,
    pub(super) raw: CudaSlice<f32>,
}

/// Passes in this memory so far.
#[derive(Debug)]
pub(super) enum Past {
    None,
    /// One, launched kernel by kernel.
    Once,
    /// More: the launches are recorded, and start as one.
    Recorded(Graph),
}

/// The launches of a pass in one memory.
pub(super) struct Graph(pub(super) CudaGraph);

// SAFETY: a graph may be used by any thread, but by one at a time; it lies in a memory, which a mutex guards.
unsafe impl Send for Graph {}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Graph")
    }
}

impl Memory {
    pub(super) fn new(
        stream: &Arc<CudaStream>,
        plan: &Plan,
        sizes: Sizes,
    ) -> Result<Self, DriverError> {
        let n = sizes.servers;
        let [queries, keys, values] = plan.attention;
        // SAFETY: any bits are a number, and none is used that no kernel has written.
        let floats = |count: usize| unsafe { stream.alloc::<f32>(count.max(1)) };
        let (all, future) = (n * sizes.steps(), n * sizes.decoder);
        let rows = || floats(all * plan.features);
        Ok(Self {
            past: Past::None,
            reals: floats(all * sizes.reals)?,
            codes: stream.alloc_zeros((all * sizes.codes).max(1))?,
            lengths: [stream.alloc_zeros(n)?, stream.alloc_zeros(n)?],
            contexts: floats(n * plan.contexts)?,
            rows: [rows()?, rows()?, if plan.layers > 1 { rows()? } else { floats(0)? }],
            keys: floats(all * keys)?,
            values: floats(all * values)?,
            queries: floats(future * queries)?,
            gated: floats(future * plan.features)?,
            enriched: floats(future * plan.features)?,
            attended: floats(future * plan.head)?,
            raw: floats(future * plan.outputs)?,
            sizes,
        })
    }

    /// Brings the samples of a batch from `from` on, as many as there is room for, to the GPU.
    pub(super) fn upload(
        &mut self,
        stream: &Arc<CudaStream>,
        batch: &Batch,
        from: usize,
    ) -> Result<(), DriverError> {
        let to = from + self.sizes.servers;
        let reals = batch.reals.slice(s![from..to, .., ..]);
        let codes = batch.categoricals.slice(s![from..to, .., ..]);
        let (reals, codes) = (reals.as_standard_layout(), codes.as_standard_layout());
        copy(stream, reals.as_slice().unwrap_or_default(), &mut self.reals)?;
        copy(stream, codes.as_slice().unwrap_or_default(), &mut self.codes)?;
        let lengths = [&batch.encoder_lengths, &batch.decoder_lengths];
        for (own, to_device) in lengths.into_iter().zip(&mut self.lengths) {
            let own: Vec<i32> = own[from..to].iter().map(|l| *l as i32).collect();
            copy(stream, &own, to_device)?;
        }
        Ok(())
    }
}

fn copy<T: DeviceRepr>(
    stream: &Arc<CudaStream>,
    from: &[T],
    to: &mut CudaSlice<T>,
) -> Result<(), DriverError> {
    if from.is_empty() { Ok(()) } else { stream.memcpy_htod(from, to) }
}
