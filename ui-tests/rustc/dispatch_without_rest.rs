//! `Dispatch` may get more fields: a pattern ends in `..`.
use std::net::TcpStream;

use eventp::{Dispatch, Eventp, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    let source = interest().read().with_fd(stream);
    reactor.on(source, |Dispatch { fd, event, interest, key, port, state, reactor }| ()).unwrap();
}

fn main() {}
