//! A handler with an interest, registered without an fd.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, Register, handler, interest};

#[handler]
fn echo(_stream: &mut TcpStream) {}

fn register(reactor: &mut Eventp) {
    interest().read().with_handler(echo::handler).register_into(reactor).unwrap();
}

fn main() {}
