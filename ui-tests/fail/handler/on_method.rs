//! `#[handler]` in the place of `#[on(..)]`.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

impl Log {
    #[handler]
    fn read(&mut self) {}
}

fn main() {}
