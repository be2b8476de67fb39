//! A `Pinned` ends with its handler.
use eventp::{Eventp, Pinned};

struct Later<'a> {
    reactor: Option<Pinned<'a, Eventp>>,
}

fn handler(later: &mut Later<'_>, reactor: Pinned<'_, Eventp>) {
    later.reactor = Some(reactor);
}

fn main() {}
