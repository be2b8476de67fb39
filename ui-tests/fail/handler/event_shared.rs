//! An event comes by value.
#![allow(unused)]

use eventp::{Event, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self, event: &Event) {}
}

fn main() {}
