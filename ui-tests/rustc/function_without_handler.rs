//! A function in place of the `handler` that was written beside it.
use std::net::TcpStream;

use eventp::{Event, Eventp, handler, interest};

#[handler]
fn echo(_stream: &mut TcpStream, _event: Event) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), echo).unwrap();
}

fn main() {}
