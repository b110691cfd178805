//! `ut compose-validate`: what Compose says of a stack, with all errors at their places.

mod corpus;
