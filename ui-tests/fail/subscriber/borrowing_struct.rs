//! The reactor owns its subscribers.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Log<'a> {
    #[fd]
    file: &'a std::fs::File,
}

fn main() {}
