//! The same in the chained form.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Eventp, interest};

fn register(stream: TcpStream, reactor: &mut Eventp) {
    interest().read().with_fd(stream).with_handler(|_| Some(())).register_into(reactor).unwrap();
}

fn main() {}
