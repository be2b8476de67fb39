//! In the chained form the reactor comes last, and with it the type of the state: give such a closure to `reactor.on` instead.
use std::net::TcpStream;

use eventp::{Eventp, interest};

struct Server {
    hits: u64,
}

fn register(stream: TcpStream, reactor: &mut Eventp<Server>) {
    interest()
        .read()
        .with_fd(stream)
        .with_handler(|d| d.state.hits += 1)
        .register_into(reactor)
        .unwrap();
}

fn main() {}
