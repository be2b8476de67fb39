//! Two parameters that are the same thing.
#![allow(unused)]

use eventp::{Key, handler};

#[handler]
fn read(_file: &mut std::fs::File, key: Key, other: Key) {}

fn main() {}
