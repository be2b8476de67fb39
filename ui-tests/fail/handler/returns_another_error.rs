//! An error type that a handler cannot have.
#![allow(unused)]

use eventp::{Flow, handler};

#[handler]
fn read(_file: &mut std::fs::File) -> Result<Flow, Box<dyn std::error::Error>> {
    Ok(Flow::Keep)
}

fn main() {}
