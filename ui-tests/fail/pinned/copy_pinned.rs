//! There is one `Pinned` at a time.
use eventp::{EventpOps, Pinned};

fn handler(reactor: Pinned<'_, impl EventpOps>) {
    let first = reactor;
    let second = reactor;
    drop((first, second));
}

fn main() {}
