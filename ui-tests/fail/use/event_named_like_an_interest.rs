//! A flag of the interest in the place of an event.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Echo {
    #[on(read)]
    fn echo(&mut self) {}
}

fn main() {}
