//! A generic handler, given an fd that lacks what it asks for.
use std::io::Read;
use std::net::TcpListener;

use eventp::{Eventp, handler, interest};

#[handler]
fn read(fd: &mut impl Read) {
    let _ = fd.read(&mut []);
}

fn register(listener: TcpListener, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(listener), read::handler).unwrap();
}

fn main() {}
