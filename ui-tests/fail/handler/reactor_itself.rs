//! The reactor is lent as a `Pinned`; `&mut Eventp` is what a second `&mut` in a function is taken for.
#![allow(unused)]

use eventp::{Eventp, handler};

#[handler]
fn read(_file: &mut std::fs::File, reactor: &mut Eventp) {
    reactor.stop();
}

fn main() {}
