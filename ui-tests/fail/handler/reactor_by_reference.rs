//! The reactor comes by value.
#![allow(unused)]

use eventp::{EventpOps, Pinned, handler};

#[handler]
fn read(_file: &mut std::fs::File, reactor: &mut Pinned<'_, impl EventpOps>) {
    reactor.stop();
}

fn main() {}
