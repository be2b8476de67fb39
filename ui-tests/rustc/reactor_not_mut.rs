//! A reactor that is used has to be `mut`.
use eventp::{EventpOps, Key, Pinned, handler};

#[handler]
fn once(_file: &mut std::fs::File, reactor: Pinned<'_, impl EventpOps>, key: Key) {
    reactor.delete(key).unwrap();
}

fn main() {}
