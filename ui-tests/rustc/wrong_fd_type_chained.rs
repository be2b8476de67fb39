//! The same in the chained form.
use std::net::{TcpListener, TcpStream};

use eventp::{Eventp, handler, interest};

#[handler]
fn accept(_listener: &mut TcpListener) {}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    interest().read().with_fd(stream).with_handler(accept::handler).register_into(reactor).unwrap();
}

fn main() {}
