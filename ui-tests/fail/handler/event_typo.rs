//! An event, nearly.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(raedable)]
    fn read(&mut self) {}
}

fn main() {}
