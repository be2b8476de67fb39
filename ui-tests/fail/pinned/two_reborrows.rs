//! A reborrowed `Pinned` borrows from the first.
use eventp::{EventpOps, Pinned};

fn handler(mut reactor: Pinned<'_, impl EventpOps>) {
    let mut first = reactor.reborrow();
    let mut second = reactor.reborrow();
    first.stop();
    second.stop();
}

fn main() {}
