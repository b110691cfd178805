//! What a forecast is computed with.

pub mod normalise;
pub mod tft;
