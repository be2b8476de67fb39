//! Charts and tables.
pub fn main(_: &[String]) {}
