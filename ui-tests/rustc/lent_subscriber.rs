//! What `get_mut` lends is borrowed from the reactor.
use std::net::TcpStream;

use eventp::{EventpOps, Handle, Pinned};

struct Echo(TcpStream);

fn handler(mut reactor: Pinned<'_, impl EventpOps>, other: Handle<Echo>) {
    let echo = reactor.get_mut(other).unwrap();
    reactor.stop();
    echo.0.set_nodelay(true).unwrap();
}

fn main() {}
