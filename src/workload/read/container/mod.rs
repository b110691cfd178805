//! Container builds, and manifests that ask for GPUs.

pub mod dockerfile;
pub mod yaml;
