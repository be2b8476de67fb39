//! A parameter that no argument mentions has to be named where the handler is registered.
use std::net::TcpStream;

use eventp::{Eventp, handler, interest};

#[handler]
fn parse<T: Default>(_stream: &mut TcpStream) {
    let _ = T::default();
}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), parse::handler).unwrap();
}

fn main() {}
