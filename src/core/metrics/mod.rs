//! What `ut` counts, for Prometheus. Counts live in the state's database, because processes are short: each is
//! stored in the transaction of the event that it counts, or when the command ends.

pub mod catalogue;
mod changes;
mod family;
mod gather;
mod json;
mod store;
mod text;
pub mod textfile;

pub use changes::{Changes, Pending};
pub use family::{Family, Kind, Label};
pub use gather::{Exposition, Metrics, Value};
pub use text::{OPEN_METRICS, TEXT};
