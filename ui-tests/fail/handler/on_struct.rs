//! `#[handler]` in the place of `#[subscriber]`.
#![allow(unused)]

use eventp::handler;

#[handler]
struct Log {
    file: std::fs::File,
}

fn main() {}
