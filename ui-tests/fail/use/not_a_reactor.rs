//! What is registered into is no reactor.
#![allow(unused)]

use std::net::TcpStream;

use eventp::{Register, handler, subscriber};

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

fn register(echo: Echo, others: &mut Vec<Echo>) {
    echo.register_into(others).unwrap();
}

fn main() {}
