#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Net {
    #[fd]
    readable: std::fs::File,
}

fn main() {}
