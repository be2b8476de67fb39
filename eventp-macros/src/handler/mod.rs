//! `#[handler]`: from methods or a function to what the reactor calls.

pub(crate) mod call;
pub(crate) mod cfg;
mod check;
pub(crate) mod codegen;
pub(crate) mod events;
pub(crate) mod function;
pub(crate) mod lift;
pub(crate) mod model;
pub(crate) mod names;
pub(crate) mod on;
pub(crate) mod params;
pub(crate) mod parse;
pub(crate) mod recover;
pub(crate) mod scope;
pub(crate) mod share;
pub(crate) mod when;
