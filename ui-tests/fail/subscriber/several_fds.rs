#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Net {
    #[fd]
    queue: std::fs::File,
    #[fd]
    timer: std::fs::File,
}

fn main() {}
