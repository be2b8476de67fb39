//! The body and the return type disagree.
use std::io;

use eventp::handler;

#[handler]
fn read(_file: &mut std::fs::File) -> io::Result<()> {
    3
}

fn main() {}
