//! Drives the real `ut`, and holds the model against values that PyTorch computed.

mod model;
