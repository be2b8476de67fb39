//! The running reactor cannot be swapped for another.
use eventp::{Eventp, Pinned};

fn handler(mut reactor: Pinned<'_, Eventp>, other: &mut Eventp) {
    std::mem::swap(&mut reactor, other);
}

fn main() {}
