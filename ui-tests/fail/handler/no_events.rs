//! `#[on]` without events.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on]
    fn read(&mut self) {}
}

fn main() {}
