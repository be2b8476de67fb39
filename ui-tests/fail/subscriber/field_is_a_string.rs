//! A field that is no fd.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Log {
    #[fd]
    name: String,
}

fn main() {}
