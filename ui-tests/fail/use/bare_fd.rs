//! An fd alone has neither interest nor handler.
#![allow(unused)]

use std::net::TcpListener;

use eventp::{Eventp, Register};

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.register_into(&mut reactor).unwrap();
}
