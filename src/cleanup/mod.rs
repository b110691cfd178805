//! The room that clears MLflow stores: reads what there is, decides what goes (pure), and takes it away so that
//! nothing is lost when it is stopped at any moment.

pub mod apply;
pub mod archive;
pub mod artifacts;
pub mod facts;
pub mod journal;
pub mod orphans;
pub mod place;
pub mod plan;
pub mod planfile;
pub mod policy;
pub mod reason;
pub mod recover;
pub mod registry;
pub mod restore;
pub mod stage;
pub mod store;
