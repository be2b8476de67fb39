//! The reactor behind a `Pinned` is out of reach.
use eventp::{EventpOps, Pinned};

fn handler(reactor: Pinned<'_, impl EventpOps>) {
    let _ = reactor.reactor;
}

fn main() {}
