//! A function that asks for one state, in a reactor that lends another.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, handler, interest};

struct Server;

struct Other;

#[handler]
fn echo(_stream: &mut UnixStream, state: &mut Server) {
    let _ = state;
}

fn register(stream: UnixStream, reactor: &mut Eventp<Other>) {
    reactor.on(interest().read().with_fd(stream), echo::handler).unwrap();
}

fn main() {}
