//! The stages of a pass: which kernel is launched when, with how many blocks, on what.

use std::sync::Arc;

use cudarc::driver::sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
use cudarc::driver::{
    CudaFunction, CudaModule, CudaSlice, CudaStream, DriverError, LaunchArgs, LaunchConfig,
    PushKernelArg,
};

use super::memory::Memory;
use crate::core::device::{Gpu, GpuError};
use crate::model::tft::fast::Plan;

/// Lanes of a panel, and threads of a block, as in `src/kernels/panel.cuh`.
pub(super) const LANES: usize = 64;
/// Numbers between features beside the lanes, for tensor cores.
pub(super) const PADDING: usize = 8;
const THREADS: u32 = 128;
/// Queries of a block of the attention.
const QUERIES: usize = 32;
/// Servers of a block of the LSTM, where there are few and where there are many.
const FEW: usize = 4;
const MANY: usize = 32;
/// From so many servers on, blocks of many keep all multiprocessors busy.
const MANY_FROM: usize = 2048;

/// The kernels with what they are given in every pass.
#[derive(Debug)]
pub(super) struct Stages {
    weights: CudaSlice<f32>,
    /// What lies where in the weights.
    places: CudaSlice<i32>,
    layers: usize,
    head: usize,
    contexts: Kernel,
    select: Kernel,
    lstm: [Kernel; 2],
    enrich: Kernel,
    attend: Kernel,
    finish: Kernel,
}

/// The kernels that work on panels.
pub(super) struct Panels {
    pub(super) module: Arc<CudaModule>,
    /// Numbers of a feature.
    pub(super) stride: usize,
}

#[derive(Debug)]
struct Kernel {
    function: CudaFunction,
    /// Bytes of shared memory that a launch asks for.
    shared: usize,
}

impl Stages {
    pub(super) fn load(
        module: &Arc<CudaModule>,
        panels: &Panels,
        plan: &Plan,
        gpu: &Gpu,
        stream: &Arc<CudaStream>,
    ) -> Result<Self, GpuError> {
        let kernel = |name: &str, numbers: usize| Kernel::load(module, name, numbers, gpu);
        let panels = |name: &str, features: usize| {
            Kernel::load(&panels.module, name, features * panels.stride, gpu)
        };
        let [room, inputs, variables] = plan.room;
        let selection = inputs + 2 * room + variables;
        let states = 5 * plan.hidden;
        Ok(Self {
            weights: stream.clone_htod(&plan.weights)?,
            places: stream.clone_htod(&plan.places)?,
            layers: plan.layers,
            head: plan.head,
            contexts: panels("contexts", selection + 2 * room)?,
            select: panels("select_variables", selection + room)?,
            lstm: [kernel("lstm_few", states * FEW)?, kernel("lstm_many", states * MANY)?],
            enrich: panels("enrich", 5 * room)?,
            attend: kernel(&format!("attend_{}", plan.head), 0)?,
            finish: panels("finish", 5 * room)?,
        })
    }

    /// Launches all stages, one after the other.
    pub(super) fn launch(&self, stream: &Arc<CudaStream>, m: &Memory) -> Result<(), DriverError> {
        let sizes = m.sizes;
        let (servers, steps) = (int(sizes.servers), int(sizes.steps()));
        let (encoder, decoder) = (int(sizes.encoder), int(sizes.decoder));
        let (reals, codes) = (int(sizes.reals), int(sizes.codes));
        let (w, plan) = (&self.weights, &self.places);
        let parts = [(0, encoder), (encoder, decoder)];
        let panels = |count: i32| (sizes.servers * count as usize).div_ceil(LANES);

        let mut launch = stream.launch_builder(&self.contexts.function);
        launch.arg(w).arg(plan).arg(&m.reals).arg(&m.codes).arg(&reals).arg(&codes);
        launch.arg(&servers).arg(&steps).arg(&m.contexts);
        start(launch, self.contexts.on(panels(1)))?;
        for (begin, count) in &parts {
            let mut launch = stream.launch_builder(&self.select.function);
            launch.arg(w).arg(plan).arg(&m.reals).arg(&m.codes).arg(&reals).arg(&codes);
            launch.arg(&servers).arg(&steps).arg(begin).arg(count);
            launch.arg(&m.contexts).arg(&m.rows[0]);
            start(launch, self.select.on(panels(*count)))?;
        }
        let last = self.recur(stream, m)?;
        for (begin, count) in &parts {
            let mut launch = stream.launch_builder(&self.enrich.function);
            launch.arg(w).arg(plan).arg(&m.contexts).arg(&m.rows[0]).arg(last);
            launch.arg(&servers).arg(&steps).arg(begin).arg(count);
            launch.arg(&m.keys).arg(&m.values).arg(&m.queries).arg(&m.gated).arg(&m.enriched);
            start(launch, self.enrich.on(panels(*count)))?;
        }
        let mut launch = stream.launch_builder(&self.attend.function);
        launch.arg(plan).arg(&m.queries).arg(&m.keys).arg(&m.values).arg(&m.attended);
        launch.arg(&m.lengths[0]).arg(&m.lengths[1]).arg(&encoder).arg(&decoder);
        start(launch, self.attend.on(sizes.servers * sizes.decoder.div_ceil(QUERIES)))?;
        let mut launch = stream.launch_builder(&self.finish.function);
        let head = int(self.head);
        launch.arg(w).arg(plan).arg(&m.attended).arg(&head).arg(&m.enriched).arg(&m.gated);
        launch.arg(&servers).arg(&decoder).arg(&m.raw);
        start(launch, self.finish.on(panels(decoder)))
    }

    /// The LSTM, layer by layer; the rows of the last.
    fn recur<'m>(
        &self,
        stream: &Arc<CudaStream>,
        m: &'m Memory,
    ) -> Result<&'m CudaSlice<f32>, DriverError> {
        let is_many = m.sizes.servers >= MANY_FROM;
        let blocks = m.sizes.servers.div_ceil(if is_many { MANY } else { FEW });
        let kernel = &self.lstm[usize::from(is_many)];
        let sizes = [m.sizes.servers, m.sizes.encoder, m.sizes.decoder].map(int);
        let mut x = &m.rows[0];
        for layer in 0..self.layers {
            let (y, number) = (&m.rows[1 + layer % 2], int(layer));
            let mut launch = stream.launch_builder(&kernel.function);
            launch.arg(&self.weights).arg(&self.places).arg(&number).arg(&m.contexts);
            launch.arg(x).arg(y).arg(&m.lengths[0]).arg(&m.lengths[1]);
            launch.arg(&sizes[0]).arg(&sizes[1]).arg(&sizes[2]);
            start(launch, kernel.on(blocks))?;
            x = y;
        }
        Ok(x)
    }
}

impl Kernel {
    /// `numbers` are those that a block has in shared memory.
    fn load(
        module: &Arc<CudaModule>,
        name: &str,
        numbers: usize,
        gpu: &Gpu,
    ) -> Result<Self, GpuError> {
        let shared = numbers * size_of::<f32>();
        let function = module.load_function(name)?;
        if shared > gpu.shared_memory {
            return Err(GpuError::Unfit(format!(
                "the network is too wide for {}: a kernel needs {shared} bytes of shared memory of \
                 the {} there are",
                gpu.name, gpu.shared_memory
            )));
        }
        let attribute = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        function.set_attribute(attribute, int(shared))?;
        Ok(Self { function, shared })
    }

    fn on(&self, blocks: usize) -> LaunchConfig {
        LaunchConfig {
            grid_dim: (blocks as u32, 1, 1),
            block_dim: (THREADS, 1, 1),
            shared_mem_bytes: self.shared as u32,
        }
    }
}

fn int(x: usize) -> i32 {
    x as i32
}

/// Launches a kernel with its arguments, which are those of `src/kernels/tft.cu`, in order.
fn start(mut launch: LaunchArgs<'_>, config: LaunchConfig) -> Result<(), DriverError> {
    // SAFETY: the memory that arguments point to has the sizes that the plan and the batch ask for, and
    // tests run every kernel where a step beyond it ends the program.
    unsafe { launch.launch(config) }.map(|_| ())
}
