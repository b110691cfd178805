//! Says whether a project is machine learning, of which kind, and what it needs to run.
//!
//! [`weights`] reads headers of files of weights, [`estimate`] says what they need to run.

pub mod estimate;
pub mod evidence;
pub mod weights;
