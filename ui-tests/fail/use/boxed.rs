//! A box is no subscriber: the reactor makes its own.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, Register, handler, subscriber};

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

fn register(echo: Echo, reactor: &mut Eventp) {
    Box::new(echo).register_into(reactor).unwrap();
}

fn main() {}
