//! `epoll_ctl(2)` refuses to make a registration exclusive.
use eventp::{EventpOps, Key, Pinned, exclusive};

fn handler(mut reactor: Pinned<'_, impl EventpOps>, key: Key) {
    reactor.modify(key, exclusive().read()).unwrap();
}

fn main() {}
