//! What every room stands on and none of them owns.

pub mod breaker;
pub mod clock;
pub mod config;
pub mod context;
pub mod counting;
pub mod device;
pub mod error;
pub mod exit;
pub mod files;
pub mod host;
pub mod http;
pub mod metrics;
pub mod name;
pub mod output;
pub mod process;
pub mod retry;
pub(crate) mod shutdown;
pub mod state;
pub mod time;
