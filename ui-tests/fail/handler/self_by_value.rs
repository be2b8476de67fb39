//! The reactor owns the subscriber.
#![allow(unused)]

use eventp::{Flow, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(self) -> Flow {
        Flow::Remove
    }
}

fn main() {}
