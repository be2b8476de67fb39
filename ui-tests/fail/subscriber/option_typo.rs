//! An option, nearly.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(intrest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[subscriber(read)]
struct Bare {
    #[fd]
    file: std::fs::File,
}

#[subscriber]
struct Net {
    #[fd(read)]
    tap: std::fs::File,
    #[fd(intrest = read)]
    queue: std::fs::File,
}

fn main() {}
