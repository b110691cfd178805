//! What every room stands on and none of them owns.

pub mod breaker;
pub mod clock;
pub mod config;
pub mod context;
pub mod device;
pub mod error;
pub mod exit;
pub mod files;
pub mod output;
pub(crate) mod shutdown;
