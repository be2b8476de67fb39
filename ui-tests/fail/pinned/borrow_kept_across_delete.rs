//! A subscriber that is lent cannot be deleted meanwhile.
use eventp::{EventpOps, Handle, Pinned};

struct Echo {
    bytes: u64,
}

fn handler(mut reactor: Pinned<'_, impl EventpOps>, other: Handle<Echo>) {
    let echo = reactor.get_mut(other).unwrap();
    reactor.delete(other).unwrap();
    echo.bytes += 1;
}

fn main() {}
