//! A handler that asks for one state, in a reactor that lends another.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, Register, handler, subscriber};

struct Server;

struct Other;

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

fn register(echo: Echo, reactor: &mut Eventp<Other>) {
    echo.register_into(reactor).unwrap();
}

fn main() {}
