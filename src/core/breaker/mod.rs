//! Circuit breakers, shared by all processes of a machine: what one process learns of a dependency, the next knows.

mod clock;
mod door;
mod machine;
mod record;
mod settings;
mod store;
mod view;

pub use clock::{Clock, Reading};
pub use door::{Answer, Door, Leave};
pub use machine::{Admission, Command, Go, Outcome, Refusal};
pub use record::{Failure, Lease, Millis, Record, SCHEMA, State, Totals, What};
pub use settings::{Rule, Settings, millis};
pub use store::{Breakers, Listed, Seen};
pub use view::{View, unknown, views};
