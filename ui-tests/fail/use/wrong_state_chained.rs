//! The same in the chained form.
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
    interest().read().with_fd(stream).with_handler(echo::handler).register_into(reactor).unwrap();
}

fn main() {}
