//! The running reactor cannot be replaced.
use eventp::{Eventp, Pinned};

fn handler(mut reactor: Pinned<'_, Eventp>) {
    let _old = std::mem::replace(&mut *reactor, Eventp::new().unwrap());
}

fn main() {}
