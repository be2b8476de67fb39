//! A flag, nearly.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = raed)]
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
