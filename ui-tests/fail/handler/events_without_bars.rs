//! Events are joined by `|`.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable hangup)]
    fn read(&mut self) {}
}

fn main() {}
