//! A type error in a method is rustc's own.
use std::io;

use eventp::{Flow, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) -> io::Result<Flow> {
        Ok(3)
    }
}

fn main() {}
