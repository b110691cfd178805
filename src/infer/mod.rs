//! From metrics to forecasts: read rows, keep what each server's forecast needs, forecast.

mod bad_row;
mod columns;
mod engine;
mod forecast;
mod history;
mod ingest;
pub mod plot;
mod records;
mod row;
pub mod window;

pub use bad_row::{BadRow, Wrong};
pub use columns::Columns;
pub use engine::{Engine, EngineError, Pass};
pub use forecast::{ForecastError, Report, ServerForecast, State, forecast};
pub use history::{Finished, History, Keep};
pub use ingest::{Counts, Format, IngestError, Ingested, OnBadRow, Wanted, read};
pub use records::{Records, UnknownServer};
