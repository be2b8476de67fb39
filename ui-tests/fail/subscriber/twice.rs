#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
#[subscriber(interest = write)]
struct Net {
    #[fd]
    queue: std::fs::File,
}

fn main() {}
