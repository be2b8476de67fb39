//! A closure with two parameters, in the chained form: one error.
use std::net::TcpStream;

use eventp::{Eventp, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    interest().read().with_fd(stream).with_handler(|_, _| ()).register_into(reactor).unwrap();
}

fn main() {}
