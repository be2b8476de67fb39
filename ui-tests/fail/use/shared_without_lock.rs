//! An `Arc` alone lends nothing by `&mut`.
#![allow(unused)]

use std::net::TcpStream;
use std::sync::Arc;

use eventp::{Eventp, Register, handler, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: TcpStream,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self) {}
}

fn register(echo: Echo, reactor: &mut Eventp) {
    Arc::new(echo).register_into(reactor).unwrap();
}

fn main() {}
