//! A function without `#[handler]` has nothing beside it.
use std::net::TcpStream;

use eventp::{Eventp, interest};

fn echo(_stream: &mut TcpStream) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), echo::handler).unwrap();
}

fn main() {}
