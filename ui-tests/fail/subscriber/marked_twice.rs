//! One fd is one fd.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Log {
    #[fd]
    #[fd]
    file: std::fs::File,
}

fn main() {}
