//! The state belongs to whoever runs the reactor.
#![allow(unused)]

use eventp::{handler, subscriber};

struct Server;

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self, server: Server) {}
}

fn main() {}
