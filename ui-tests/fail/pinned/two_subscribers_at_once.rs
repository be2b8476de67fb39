//! Two subscribers cannot be lent at the same time: they might be one.
use eventp::{EventpOps, Handle, Pinned};

fn handler(mut reactor: Pinned<'_, impl EventpOps>, a: Handle<String>, b: Handle<String>) {
    let first = reactor.get_mut(a).unwrap();
    let second = reactor.get_mut(b).unwrap();
    std::mem::swap(first, second);
}

fn main() {}
