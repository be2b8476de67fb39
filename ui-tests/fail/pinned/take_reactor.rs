//! The running reactor cannot be taken away.
use eventp::{Eventp, Pinned};

fn handler(reactor: Pinned<'_, Eventp>) -> Eventp {
    std::mem::take(&mut *reactor)
}

fn main() {}
