//! `ut compose-validate`: what Compose says of a stack, with all errors at their places.

mod anchors;
mod bad;
mod bombs;
mod casts;
mod corpus;
mod decoding;
mod documents;
mod environment;
mod extending;
mod files;
mod including;
mod keys;
mod limits;
mod merging;
mod models;
mod mounts;
mod narrow;
mod places;
mod references;
mod report;
mod schema;
mod totals;
mod uniqueness;
mod usage;
mod variables;
mod yaml;
