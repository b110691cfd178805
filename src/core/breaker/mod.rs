//! Circuit breakers, shared by all processes of a machine: what one process learns of a dependency, the next knows.

mod clock;
mod machine;
mod record;
mod settings;

pub use clock::{Clock, Reading};
pub use machine::{Admission, Command, Go, Outcome, Refusal};
pub use record::{Failure, Holder, Lease, Millis, Record, SCHEMA, State, Totals, What};
pub use settings::{Rule, Settings};
