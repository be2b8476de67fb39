//! A subscriber is given to the reactor, not lent.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, handler, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: TcpStream,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self) {}
}

fn register(mut echo: Echo, reactor: &mut Eventp) {
    reactor.add(&mut echo).unwrap();
}

fn main() {}
