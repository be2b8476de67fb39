//! The handler is as visible as its function.
use std::net::TcpStream;

use eventp::{Eventp, interest};

mod handlers {
    #[eventp::handler]
    fn echo(_stream: &mut std::net::TcpStream) {}
}

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), handlers::echo::handler).unwrap();
}

fn main() {}
