//! The GPUs of this machine, through the CUDA driver. A machine without one misses nothing.

#![allow(unsafe_code, reason = "the driver is a C library")]

use std::str::FromStr;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUdevice_attribute, CUresult};
use cudarc::driver::{CudaContext, DriverError, result};

/// What to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The first GPU, or the CPU where there is none.
    Auto,
    Cpu,
    /// The GPU of that number.
    Cuda(usize),
}

impl FromStr for Choice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, number) = text.split_once(':').unwrap_or((text, "0"));
        match (kind, number.parse()) {
            ("auto", Ok(0)) if kind == text => Ok(Self::Auto),
            ("cpu", Ok(0)) if kind == text => Ok(Self::Cpu),
            ("cuda", Ok(number)) => Ok(Self::Cuda(number)),
            _ => Err("auto, cpu, cuda or cuda:N was expected"),
        }
    }
}

/// How a GPU multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Precision {
    /// In single precision, as the CPU does.
    #[default]
    Single,
    /// With tensor cores, which round factors to 10 bits after the point.
    Tf32,
}

/// Why there is no GPU to compute on, or why it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    #[error("this machine has no CUDA driver")]
    NoDriver,
    #[error("the CUDA driver sees no GPU")]
    NoGpu,
    #[error("there is no GPU {number}: this machine has {count}")]
    NoSuchGpu { number: usize, count: usize },
    #[error("the CUDA driver is too old for these kernels")]
    DriverTooOld,
    #[error("the GPU is out of memory")]
    OutOfMemory,
    #[error("the GPU fell out: {0}")]
    Lost(String),
    #[error("{0}")]
    Unfit(String),
    #[error("the CUDA driver says: {0}")]
    Other(String),
}

impl From<DriverError> for GpuError {
    fn from(error: DriverError) -> Self {
        let text = || error.to_string();
        match error.0 {
            CUresult::CUDA_ERROR_NO_DEVICE => Self::NoGpu,
            CUresult::CUDA_ERROR_STUB_LIBRARY => Self::NoDriver,
            CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION
            | CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU
            | CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH => Self::DriverTooOld,
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => Self::OutOfMemory,
            CUresult::CUDA_ERROR_ECC_UNCORRECTABLE
            | CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE
            | CUresult::CUDA_ERROR_LAUNCH_FAILED
            | CUresult::CUDA_ERROR_ILLEGAL_ADDRESS
            | CUresult::CUDA_ERROR_LAUNCH_TIMEOUT => Self::Lost(text()),
            _ => Self::Other(text()),
        }
    }
}

/// A GPU that can be computed on.
#[derive(Debug, Clone)]
pub struct Gpu {
    context: Arc<CudaContext>,
    /// As it is asked for.
    pub number: usize,
    pub name: String,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
    /// Bytes.
    pub memory: usize,
    /// Bytes of shared memory that a block may ask for.
    pub shared_memory: usize,
}

impl Gpu {
    pub fn open(number: usize) -> Result<Self, GpuError> {
        let count = count()?;
        if number >= count {
            return Err(GpuError::NoSuchGpu { number, count });
        }
        let context = CudaContext::new(number)?;
        let shared = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
        Ok(Self {
            number,
            name: context.name()?,
            capability: context.compute_capability()?,
            memory: context.total_mem()?,
            shared_memory: usize::try_from(context.attribute(shared)?).unwrap_or_default(),
            context,
        })
    }

    pub fn context(&self) -> &Arc<CudaContext> {
        &self.context
    }

    /// Bytes of memory that nobody uses.
    pub fn free_memory(&self) -> Result<usize, GpuError> {
        Ok(self.context.mem_get_info()?.0)
    }
}

/// Whether the driver's library is here. Without it, every other call panics.
pub fn has_driver() -> bool {
    // SAFETY: it only tries to open the driver's library by its usual names.
    unsafe { sys::is_culib_present() }
}

/// GPUs that the driver sees.
pub fn count() -> Result<usize, GpuError> {
    if !has_driver() {
        return Err(GpuError::NoDriver);
    }
    match usize::try_from(CudaContext::device_count()?) {
        Ok(0) | Err(_) => Err(GpuError::NoGpu),
        Ok(count) => Ok(count),
    }
}

/// Name and bytes of memory of each GPU, without opening any of them.
pub fn memories() -> Result<Vec<(String, u64)>, GpuError> {
    let gpu = |number: usize| -> Result<(String, u64), DriverError> {
        let device = result::device::get(i32::try_from(number).unwrap_or(i32::MAX))?;
        // SAFETY: the driver is there, and just gave this device.
        let bytes = unsafe { result::device::total_mem(device) }?;
        Ok((result::device::get_name(device)?, bytes as u64))
    };
    (0..count()?).map(|number| gpu(number).map_err(GpuError::from)).collect()
}

/// The CUDA version that the driver is for, major and minor.
pub fn driver_version() -> Result<(i32, i32), GpuError> {
    count()?;
    let mut version = 0;
    // SAFETY: the library is there, and the version is written to a number of ours.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }.result()?;
    Ok((version / 1000, version % 1000 / 10))
}
