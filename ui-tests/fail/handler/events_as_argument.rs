//! Events in the wrong attribute.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler(readable)]
impl Log {
    fn handle(&mut self) {}
}

fn main() {}
