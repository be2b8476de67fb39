//! A `Pinned` is no `Pin`: nothing can be set in place of the running reactor.
use eventp::{Eventp, Pinned};

fn handler(mut reactor: Pinned<'_, Eventp>) {
    reactor.set(Eventp::new().unwrap());
}

fn main() {}
