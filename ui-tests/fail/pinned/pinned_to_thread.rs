//! A `Pinned` stays on the thread of its reactor.
use std::thread;

use eventp::{Eventp, Pinned};

fn handler(mut reactor: Pinned<'_, Eventp>) {
    thread::scope(|scope| {
        scope.spawn(move || reactor.stop());
    });
}

fn main() {}
