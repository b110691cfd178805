//! A command under breaker, retry, timeout and fallback.

mod attempts;
mod child;
mod input;
mod verdict;

pub use attempts::{Asked, Attempt, Guarded, guard};
pub use child::Ended;
pub use input::Input;
pub use verdict::{Exits, Judged};
