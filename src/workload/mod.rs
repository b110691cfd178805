//! Says whether a project is machine learning, of which kind, and what it needs to run.
//!
//! A [`walk`] over the files gives each to its [`read`]er, which tells what it [`mention`]s; the
//! [`catalogue`] says what that means ([`sign`]), [`collect`] counts it, [`score`] makes a verdict of it and
//! [`estimate`] says what it needs. [`text`] does the same for words, [`weights`] reads headers of files of
//! weights. [`assess`] is the way through all of them.

pub mod assess;
pub mod catalogue;
pub mod collect;
mod cut;
pub mod estimate;
pub mod evidence;
pub mod facts;
pub mod mention;
pub mod models;
pub mod read;
pub mod scope;
pub mod score;
pub mod sign;
pub mod tally;
pub mod text;
pub mod walk;
pub mod weights;
