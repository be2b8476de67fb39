//! A subscriber is registered into what is borrowed by `&mut`.
use std::net::TcpStream;

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

fn register(echo: Echo, reactor: &Eventp) {
    echo.register_into(&reactor).unwrap();
}

fn main() {}
