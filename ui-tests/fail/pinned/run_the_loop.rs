//! A handler cannot run the loop that called it.
use eventp::{Eventp, Pinned};

fn handler(mut reactor: Pinned<'_, Eventp>) {
    reactor.run().unwrap();
    reactor.run_once(None).unwrap();
}

fn main() {}
