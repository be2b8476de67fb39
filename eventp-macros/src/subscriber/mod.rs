//! `#[subscriber]`: from a struct to its `AsFd` and `HasInterest`.

pub(crate) mod codegen;
pub(crate) mod interest;
pub(crate) mod model;
pub(crate) mod parse;
pub(crate) mod recover;
