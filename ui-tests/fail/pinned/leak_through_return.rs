//! A `Pinned` cannot outlive its handler in a closure.
use eventp::{EventpOps, Key, Pinned};

fn handler<'a>(mut reactor: Pinned<'_, impl EventpOps + 'a>, key: Key) -> Box<dyn FnMut() + 'a> {
    Box::new(move || reactor.delete(key).unwrap())
}

fn main() {}
