//! In a method the `&mut` is the state without a mark.
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
    fn read(&mut self, #[state] server: &mut Server) {}
}

fn main() {}
