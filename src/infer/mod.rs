//! From metrics to forecasts: read rows, keep what each server's forecast needs, forecast.

mod forecast;
mod history;
mod ingest;
mod time;

pub use forecast::{Report, ServerForecast, State, forecast};
pub use history::{BadRow, History, Wrong};
pub use ingest::{Format, IngestError, Ingested, OnBadRow, read};
pub use time::format_time;
