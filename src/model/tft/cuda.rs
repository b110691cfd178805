//! The forward pass on a GPU: uploads the network once, and launches the kernels of `src/kernels`.

#![allow(unsafe_code, reason = "a kernel is launched with pointers")]

use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
use cudarc::driver::{
    CudaFunction, CudaModule, CudaSlice, CudaStream, DriverError, LaunchArgs, LaunchConfig,
    PushKernelArg,
};
use cudarc::nvrtc::Ptx;
use ndarray::{Array3, s};

use super::batch::Batch;
use super::fast::{Plan, Unplanned};
use super::network::Network;
use crate::core::device::{Gpu, GpuError};

/// For any GPU from compute capability 8.0 on; the driver translates it.
const KERNELS: &str = include_str!("../../kernels/tft.ptx");
/// The same for compute capability 9, ready to run.
const HOPPER_KERNELS: &[u8] = include_bytes!("../../kernels/tft.sm_90.cubin");

/// Lanes of a panel, and threads of a block, as in `src/kernels/panel.cuh`.
const LANES: usize = 64;
const THREADS: u32 = 128;
/// Queries of a block of the attention.
const QUERIES: usize = 32;
/// Servers of a block of the LSTM, where there are few and where there are many.
const FEW: usize = 4;
const MANY: usize = 32;
/// From so many servers on, blocks of many keep all multiprocessors busy.
const MANY_FROM: usize = 2048;
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
    gpu: Gpu,
    plan: Plan,
    stream: Arc<CudaStream>,
    kernels: Kernels,
    weights: CudaSlice<f32>,
    places: CudaSlice<i32>,
    memory: Mutex<Option<Memory>>,
}

#[derive(Debug)]
struct Kernels {
    contexts: CudaFunction,
    select: CudaFunction,
    lstm: [CudaFunction; 2],
    enrich: CudaFunction,
    attend: CudaFunction,
    finish: CudaFunction,
}

/// What a pass reads, writes and works in, for so many servers. Kept for the next pass.
#[derive(Debug)]
struct Memory {
    sizes: Sizes,
    reals: CudaSlice<f32>,
    codes: CudaSlice<u32>,
    lengths: [CudaSlice<i32>; 2],
    contexts: CudaSlice<f32>,
    /// What the selections yield, and the LSTM's layers in turn.
    rows: [CudaSlice<f32>; 3],
    keys: CudaSlice<f32>,
    values: CudaSlice<f32>,
    queries: CudaSlice<f32>,
    gated: CudaSlice<f32>,
    enriched: CudaSlice<f32>,
    attended: CudaSlice<f32>,
    raw: CudaSlice<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sizes {
    servers: usize,
    encoder: usize,
    decoder: usize,
    reals: usize,
    codes: usize,
}

impl Sizes {
    fn steps(&self) -> usize {
        self.encoder + self.decoder
    }
}

impl CudaNetwork {
    pub fn new(of: &Network, gpu: Gpu) -> Result<Self, GpuError> {
        let plan = Plan::new(of)?;
        let context = gpu.context();
        let stream = context.default_stream();
        let module = context.load_module(match gpu.capability {
            (9, _) => Ptx::from_binary(HOPPER_KERNELS.to_vec()),
            _ => Ptx::from_src(KERNELS),
        })?;
        let kernels = Kernels::load(&module, &plan, &gpu)?;
        let (weights, places) =
            (stream.clone_htod(&plan.weights)?, stream.clone_htod(&plan.places)?);
        Ok(Self { plan, stream, kernels, weights, places, memory: Mutex::default(), gpu })
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
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = memory.as_ref() {
            self.launch(memory)?;
            self.stream.synchronize()?;
        }
        Ok(())
    }

    /// Samples that there is memory for.
    fn capacity(&self, batch: &Batch, memory: Option<&Memory>) -> Result<usize, GpuError> {
        let one = self.bytes(&sizes(batch, 1));
        let own = memory.map_or(0, |memory| self.bytes(&memory.sizes));
        let free = self.gpu.free_memory()? + own;
        Ok(((free as f64 * SHARE) as usize / one).max(1))
    }

    fn bytes(&self, sizes: &Sizes) -> usize {
        let plan = &self.plan;
        let [queries, keys, values] = plan.attention;
        let per_step = sizes.reals + sizes.codes + 3 * plan.features + keys + values;
        let per_query = queries + 2 * plan.features + plan.head + plan.outputs;
        let one = 2 + plan.contexts + sizes.steps() * per_step + sizes.decoder * per_query;
        sizes.servers * one * size_of::<f32>()
    }

    fn part(
        &self,
        memory: &mut Option<Memory>,
        batch: &Batch,
        from: usize,
        to: usize,
        raw: &mut Array3<f32>,
    ) -> Result<(), GpuError> {
        let sizes = sizes(batch, to - from);
        if memory.as_ref().is_none_or(|memory| memory.sizes != sizes) {
            *memory = None;
            *memory = Some(self.memory(sizes)?);
        }
        let memory = memory.as_mut().expect("taken just now");
        let stream = &self.stream;
        let reals = batch.reals.slice(s![from..to, .., ..]);
        let codes = batch.categoricals.slice(s![from..to, .., ..]);
        let (reals, codes) = (reals.as_standard_layout(), codes.as_standard_layout());
        upload(stream, reals.as_slice().unwrap_or_default(), &mut memory.reals)?;
        upload(stream, codes.as_slice().unwrap_or_default(), &mut memory.codes)?;
        let lengths = [&batch.encoder_lengths, &batch.decoder_lengths];
        for (own, to_device) in lengths.into_iter().zip(&mut memory.lengths) {
            let own: Vec<i32> = own[from..to].iter().map(|l| *l as i32).collect();
            upload(stream, &own, to_device)?;
        }
        self.launch(memory)?;
        let values = stream.clone_dtoh(&memory.raw)?;
        let mut to = raw.slice_mut(s![from..to, .., ..]);
        to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
        Ok(())
    }

    fn memory(&self, sizes: Sizes) -> Result<Memory, GpuError> {
        let (plan, n) = (&self.plan, sizes.servers);
        let [queries, keys, values] = plan.attention;
        // SAFETY: any bits are a number, and none is used that no kernel has written.
        let floats = |count: usize| unsafe { self.stream.alloc::<f32>(count.max(1)) };
        let (all, future) = (n * sizes.steps(), n * sizes.decoder);
        let rows = || floats(all * plan.features);
        Ok(Memory {
            reals: floats(all * sizes.reals)?,
            codes: self.stream.alloc_zeros((all * sizes.codes).max(1))?,
            lengths: [self.stream.alloc_zeros(n)?, self.stream.alloc_zeros(n)?],
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

    /// All stages, one after the other.
    fn launch(&self, m: &Memory) -> Result<(), DriverError> {
        let int = |x: usize| x as i32;
        let sizes = m.sizes;
        let (servers, steps) = (int(sizes.servers), int(sizes.steps()));
        let (encoder, decoder) = (int(sizes.encoder), int(sizes.decoder));
        let (reals, codes) = (int(sizes.reals), int(sizes.codes));
        let (kernels, w, plan) = (&self.kernels, &self.weights, &self.places);
        let panels = |lanes: usize| lanes.div_ceil(LANES);
        let [inputs, room, variables] = [self.plan.room[1], self.plan.room[0], self.plan.room[2]];
        let selection = inputs + 2 * room + variables;
        let config = |blocks: usize, features: usize| LaunchConfig {
            grid_dim: (blocks as u32, 1, 1),
            block_dim: (THREADS, 1, 1),
            shared_mem_bytes: (features * LANES * size_of::<f32>()) as u32,
        };
        let mut launch = self.stream.launch_builder(&kernels.contexts);
        launch.arg(w).arg(plan).arg(&m.reals).arg(&m.codes).arg(&reals).arg(&codes);
        launch.arg(&servers).arg(&steps).arg(&m.contexts);
        start(launch, config(panels(sizes.servers), selection + 2 * room))?;
        let parts = [(0, encoder), (encoder, decoder)];
        for (begin, count) in &parts {
            let lanes = sizes.servers * *count as usize;
            let mut launch = self.stream.launch_builder(&kernels.select);
            launch.arg(w).arg(plan).arg(&m.reals).arg(&m.codes).arg(&reals).arg(&codes);
            launch.arg(&servers).arg(&steps).arg(begin).arg(count);
            launch.arg(&m.contexts).arg(&m.rows[0]);
            start(launch, config(panels(lanes), selection + room))?;
        }
        let last = self.recur(m)?;
        for (begin, count) in &parts {
            let lanes = sizes.servers * *count as usize;
            let mut launch = self.stream.launch_builder(&kernels.enrich);
            launch.arg(w).arg(plan).arg(&m.contexts).arg(&m.rows[0]).arg(last);
            launch.arg(&servers).arg(&steps).arg(begin).arg(count);
            launch.arg(&m.keys).arg(&m.values).arg(&m.queries).arg(&m.gated).arg(&m.enriched);
            start(launch, config(panels(lanes), 5 * room))?;
        }
        let mut launch = self.stream.launch_builder(&kernels.attend);
        launch.arg(plan).arg(&m.queries).arg(&m.keys).arg(&m.values).arg(&m.attended);
        launch.arg(&m.lengths[0]).arg(&m.lengths[1]).arg(&encoder).arg(&decoder);
        start(launch, config(sizes.servers * sizes.decoder.div_ceil(QUERIES), 0))?;
        let mut launch = self.stream.launch_builder(&kernels.finish);
        let head = int(self.plan.head);
        launch.arg(w).arg(plan).arg(&m.attended).arg(&head).arg(&m.enriched).arg(&m.gated);
        launch.arg(&servers).arg(&decoder).arg(&m.raw);
        let lanes = sizes.servers * sizes.decoder;
        start(launch, config(panels(lanes), 5 * room))?;
        Ok(())
    }

    /// The LSTM, layer by layer; the rows of the last.
    fn recur<'m>(&self, m: &'m Memory) -> Result<&'m CudaSlice<f32>, DriverError> {
        let is_many = m.sizes.servers >= MANY_FROM;
        let servers = if is_many { MANY } else { FEW };
        let config = LaunchConfig {
            grid_dim: (m.sizes.servers.div_ceil(servers) as u32, 1, 1),
            block_dim: (THREADS, 1, 1),
            shared_mem_bytes: (5 * self.plan.hidden * servers * size_of::<f32>()) as u32,
        };
        let sizes = [m.sizes.servers, m.sizes.encoder, m.sizes.decoder].map(|x| x as i32);
        let mut x = &m.rows[0];
        for layer in 0..self.plan.layers {
            let (y, number) = (&m.rows[1 + layer % 2], layer as i32);
            let mut launch = self.stream.launch_builder(&self.kernels.lstm[usize::from(is_many)]);
            launch.arg(&self.weights).arg(&self.places).arg(&number).arg(&m.contexts);
            launch.arg(x).arg(y).arg(&m.lengths[0]).arg(&m.lengths[1]);
            launch.arg(&sizes[0]).arg(&sizes[1]).arg(&sizes[2]);
            start(launch, config)?;
            x = y;
        }
        Ok(x)
    }
}

impl Kernels {
    fn load(module: &Arc<CudaModule>, plan: &Plan, gpu: &Gpu) -> Result<Self, GpuError> {
        let panel = LANES * size_of::<f32>();
        let [room, inputs, variables] = plan.room;
        let states = 5 * plan.hidden * size_of::<f32>();
        let load = |name: &str, shared: usize| {
            let function = module.load_function(name)?;
            if shared > gpu.shared_memory {
                return Err(GpuError::Unfit(format!(
                    "the network is too wide for {}: a kernel needs {shared} bytes of shared memory \
                     of the {} there are",
                    gpu.name, gpu.shared_memory
                )));
            }
            let attribute = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function.set_attribute(attribute, shared as i32)?;
            Ok(function)
        };
        Ok(Self {
            contexts: load("contexts", (inputs + 4 * room + variables) * panel)?,
            select: load("select_variables", (inputs + 3 * room + variables) * panel)?,
            lstm: [load("lstm_few", states * FEW)?, load("lstm_many", states * MANY)?],
            enrich: load("enrich", 5 * room * panel)?,
            attend: load(&format!("attend_{}", plan.head), 0)?,
            finish: load("finish", 5 * room * panel)?,
        })
    }
}

fn sizes(batch: &Batch, servers: usize) -> Sizes {
    let (_, _, reals) = batch.reals.dim();
    let (_, _, codes) = batch.categoricals.dim();
    let (encoder, decoder) = (batch.encoder_steps, batch.decoder_steps());
    Sizes { servers, encoder, decoder, reals, codes }
}

/// Launches a kernel with its arguments, which are those of `src/kernels/tft.cu`, in order.
fn start(mut launch: LaunchArgs<'_>, config: LaunchConfig) -> Result<(), DriverError> {
    // SAFETY: the memory that arguments point to has the sizes that the plan and the batch ask for, and
    // tests run every kernel where a step beyond it ends the program.
    unsafe { launch.launch(config) }.map(|_| ())
}

fn upload<T: cudarc::driver::DeviceRepr>(
    stream: &Arc<CudaStream>,
    from: &[T],
    to: &mut CudaSlice<T>,
) -> Result<(), DriverError> {
    if from.is_empty() { Ok(()) } else { stream.memcpy_htod(from, to) }
}
