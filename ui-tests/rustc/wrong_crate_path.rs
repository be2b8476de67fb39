//! `crate = path` with a path that leads nowhere: one error for each.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{handler, subscriber};

#[subscriber(crate = evntp, interest = read)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

#[handler(crate = crate::evntp)]
impl Echo {
    #[on(readable)]
    fn echo(&mut self) {}
}

fn main() {}
