//! With several fds, each has its own interest.
#![allow(unused)]

use std::fs::File;

use eventp::subscriber;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd]
    rx: File,
}

fn main() {}
