//! The same from a handler.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{EventpOps, Pinned, Register, handler, subscriber};

struct Server;

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self, _server: &mut Server) {}
}

#[handler]
fn accept(stream: &mut UnixStream, mut reactor: Pinned<'_, impl EventpOps>) {
    let stream = stream.try_clone().unwrap();
    Echo { stream }.register_into(&mut reactor).unwrap();
}

fn main() {}
