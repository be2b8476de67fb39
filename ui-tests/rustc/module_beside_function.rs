//! Known limit: the companion of a function is a type, and a type and a module share their names.
use eventp::handler;

mod timer {}

#[handler]
fn timer(_fd: &mut std::fs::File) {}

fn main() {}
