//! An fd with an interest, registered without a handler.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, Register, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    interest().read().with_fd(stream).register_into(reactor).unwrap();
}

fn main() {}
