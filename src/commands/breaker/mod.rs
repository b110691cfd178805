//! `ut breaker-status` and `ut breaker`: what the breakers are, and changing them by hand.

mod change;
mod status;

pub(crate) use change::{BreakerArgs, run as change};
pub(crate) use status::{BreakerStatusArgs, run as status};
