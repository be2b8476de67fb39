//! What a closure cannot return.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd(stream), |_| 3_u32).unwrap();
}

fn main() {}
