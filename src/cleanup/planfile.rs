//! A plan that is written to be looked at, and carried out later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use super::store::Metadata;

pub const SCHEMA: &str = "ut.cleanup-plan/1";

/// Which runs go, and what they were.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlanFile {
    pub schema: String,
    /// Identity of the store.
    pub store: String,
    /// The time that it was made for, RFC 3339.
    pub now: String,
    /// By id of the experiment, of those that were decided on.
    pub policies: BTreeMap<String, Policy>,
    pub include_deleted: bool,
    pub runs: Vec<PlannedRun>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlannedRun {
    pub run_id: String,
    pub experiment_id: String,
    pub reasons: Vec<String>,
    pub bytes: Option<u64>,
    /// Of everything that MLflow knows of it.
    pub fingerprint: String,
}

/// Two runs of which MLflow knows the same have the same one.
pub fn fingerprint(run: &Metadata) -> String {
    let bytes = serde_json::to_vec(run).expect("metadata are plain data");
    blake3::hash(&bytes).to_hex().to_string()
}
