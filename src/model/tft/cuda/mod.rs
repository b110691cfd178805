//! The forward pass on a GPU: uploads the network once, and launches the kernels of `src/kernels`.

#![allow(unsafe_code, reason = "a kernel is launched with pointers")]

mod memory;
mod stages;

use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaStream, DriverError};
use cudarc::nvrtc::Ptx;
use ndarray::{Array3, s};

use self::memory::{Graph, Memory, Past, Sizes};
use self::stages::{LANES, PADDING, Panels, Stages};
use super::batch::Batch;
use super::fast::{Plan, Unplanned};
use super::network::Network;
use crate::core::device::{Gpu, GpuError, Precision};

/// Compiled kernels.
struct Code {
    /// For any GPU from compute capability 8.0 on; the driver translates it.
    any: &'static str,
    /// For compute capability 9, ready to run.
    hopper: &'static [u8],
}

const SINGLE: Code = Code {
    any: include_str!("../../../kernels/tft.ptx"),
    hopper: include_bytes!("../../../kernels/tft.sm_90.cubin"),
};
const TF32: Code = Code {
    any: include_str!("../../../kernels/tft_tf32.ptx"),
    hopper: include_bytes!("../../../kernels/tft_tf32.sm_90.cubin"),
};

/// Share of the free memory that is taken at most.
const SHARE: f64 = 0.8;

impl From<Unplanned> for GpuError {
    fn from(reason: Unplanned) -> Self {
        Self::Unfit(format!("there are no kernels for this network: {reason}"))
    }
}

/// The network on a GPU.
#[derive(Debug)]
pub struct CudaNetwork {
    memory: Mutex<Option<Memory>>,
    stages: Stages,
    stream: Arc<CudaStream>,
    plan: Plan,
    gpu: Gpu,
}

impl CudaNetwork {
    pub fn new(of: &Network, gpu: Gpu, precision: Precision) -> Result<Self, GpuError> {
        let plan = Plan::new(of)?;
        let context = gpu.context();
        // SAFETY: all that this network allocates is used on the one stream that allocated it.
        unsafe { context.disable_event_tracking() };
        // Launches on the default stream cannot be recorded.
        let stream = context.new_stream()?;
        let load = |code: Code| {
            context.load_module(match gpu.capability {
                (9, _) => Ptx::from_binary(code.hopper.to_vec()),
                _ => Ptx::from_src(code.any),
            })
        };
        let single = load(SINGLE)?;
        let panels = match precision {
            Precision::Single => Panels { module: single.clone(), stride: LANES },
            Precision::Tf32 => Panels { module: load(TF32)?, stride: LANES + PADDING },
        };
        let stages = Stages::load(&single, &panels, &plan, &gpu, &stream)?;
        Ok(Self { memory: Mutex::default(), stages, stream, plan, gpu })
    }

    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// The output layer's values before rescaling, [samples, decoder steps, quantiles]. In parts where
    /// the memory does not hold all samples.
    pub fn forward(&self, batch: &Batch) -> Result<Array3<f32>, GpuError> {
        let shape = (batch.samples(), batch.decoder_steps(), self.plan.outputs);
        let mut raw = Array3::zeros(shape);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut most = batch.samples().min(self.capacity(batch, memory.as_ref())?);
        let mut from = 0;
        while from < batch.samples() {
            let to = batch.samples().min(from + most);
            match self.part(&mut memory, batch, from, to, &mut raw) {
                Ok(()) => from = to,
                // Somebody else took it meanwhile.
                Err(GpuError::OutOfMemory) if most > 1 => {
                    *memory = None;
                    most = most.div_ceil(2);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(raw)
    }

    /// Computes the last part of the last pass once more, of what is on the GPU already, and waits for it.
    pub fn again(&self) -> Result<(), GpuError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = memory.as_mut() {
            self.run(memory)?;
            self.stream.synchronize()?;
        }
        Ok(())
    }

    /// Samples that there is memory for.
    fn capacity(&self, batch: &Batch, memory: Option<&Memory>) -> Result<usize, GpuError> {
        let one = Sizes::new(batch, 1).bytes(&self.plan);
        let own = memory.map_or(0, |memory| memory.sizes.bytes(&self.plan));
        let free = self.gpu.free_memory()? + own;
        Ok(((free as f64 * SHARE) as usize / one).max(1))
    }

    fn part(
        &self,
        memory: &mut Option<Memory>,
        batch: &Batch,
        from: usize,
        to: usize,
        raw: &mut Array3<f32>,
    ) -> Result<(), GpuError> {
        let sizes = Sizes::new(batch, to - from);
        if memory.as_ref().is_none_or(|memory| memory.sizes != sizes) {
            *memory = None;
            *memory = Some(Memory::new(&self.stream, &self.plan, sizes)?);
        }
        let memory = memory.as_mut().expect("taken just now");
        memory.upload(&self.stream, batch, from)?;
        self.run(memory)?;
        let values = self.stream.clone_dtoh(&memory.raw)?;
        let mut to = raw.slice_mut(s![from..to, .., ..]);
        to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
        Ok(())
    }

    /// Starts a pass. The second in a memory is recorded: one forecast alone would not pay for that.
    fn run(&self, memory: &mut Memory) -> Result<(), DriverError> {
        match &memory.past {
            Past::None => {
                self.stages.launch(&self.stream, memory)?;
                memory.past = Past::Once;
                Ok(())
            }
            Past::Once => {
                let graph = self.recorded(memory)?;
                graph.0.launch()?;
                memory.past = Past::Recorded(graph);
                Ok(())
            }
            Past::Recorded(graph) => graph.0.launch(),
        }
    }

    fn recorded(&self, memory: &Memory) -> Result<Graph, DriverError> {
        self.stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
        let launched = self.stages.launch(&self.stream, memory);
        let graph = self.stream.end_capture(CUgraphInstantiate_flags(0));
        launched?;
        Ok(Graph(graph?.expect("there were launches to record")))
    }
}
