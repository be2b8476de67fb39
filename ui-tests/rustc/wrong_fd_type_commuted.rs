//! The same with the handler first.
use std::net::{TcpListener, TcpStream};

use eventp::{Eventp, handler, interest};

#[handler]
fn accept(_listener: &mut TcpListener) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    interest().read().with_handler(accept::handler).with_fd(stream).register_into(reactor).unwrap();
}

fn main() {}
