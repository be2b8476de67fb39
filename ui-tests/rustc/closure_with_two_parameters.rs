//! A closure takes one parameter: the context of the call.
use std::net::TcpStream;

use eventp::{Eventp, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), |_fd, _event| ()).unwrap();
}

fn main() {}
