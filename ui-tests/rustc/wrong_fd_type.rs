//! A handler for one type of fd, given another.
use std::net::{TcpListener, TcpStream};

use eventp::{Eventp, handler, interest};

#[handler]
fn accept(_listener: &mut TcpListener) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), accept::handler).unwrap();
}

fn main() {}
