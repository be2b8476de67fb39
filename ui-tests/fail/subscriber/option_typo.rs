//! An option, nearly.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(intrest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
