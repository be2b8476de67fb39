//! `#[on(port)]` on a struct with one fd.
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
    #[on(stream)]
    fn echo(&mut self) {}
}

fn main() {}
