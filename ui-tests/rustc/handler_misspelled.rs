//! What stands beside a function is called `handler`.
use std::net::TcpStream;

use eventp::{Eventp, handler, interest};

#[handler]
fn echo(_stream: &mut TcpStream) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), echo::handle).unwrap();
}

fn main() {}
