//! The same by the reactor's own method.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, handler, subscriber};

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

fn register(echo: Echo, reactor: &mut Eventp) {
    reactor.add(echo).unwrap();
}

fn main() {}
