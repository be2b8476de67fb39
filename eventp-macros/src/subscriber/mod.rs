//! `#[subscriber]`: from a struct to what the reactor needs to find its fds.

pub(crate) mod codegen;
pub(crate) mod constants;
pub(crate) mod fields;
pub(crate) mod interest;
pub(crate) mod model;
pub(crate) mod parse;
pub(crate) mod ports;
pub(crate) mod recover;
