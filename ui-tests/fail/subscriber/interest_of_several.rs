//! With several fds, the struct has no interest.
#![allow(unused)]

use std::fs::File;

use eventp::subscriber;

#[subscriber(interest = read)]
struct Net {
    #[fd]
    tx: File,
    #[fd]
    rx: File,
}

fn main() {}
