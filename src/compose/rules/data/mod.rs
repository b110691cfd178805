//! Data, secrets, and what is exposed.

mod datastore;
mod datastore_published;
mod datastore_volume;
mod host_access;
mod host_port_twice;
mod image_unpinned;
mod publish;
mod secret;
mod secret_in_environment;
mod shape;
mod unused_definition;
mod written;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &datastore_volume::RULE,
    &unused_definition::RULE,
    &host_port_twice::RULE,
    &datastore_published::RULE,
    &secret_in_environment::RULE,
    &image_unpinned::RULE,
    &host_access::RULE,
];
