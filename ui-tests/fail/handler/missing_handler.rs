#![allow(unused)]

use eventp::{Eventp, Register, handler, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: std::net::TcpStream,
}

#[handler]
impl Echo {
    fn read(&mut self) {}
}

#[handler]
impl Empty {}

#[eventp::subscriber(interest = read)] struct Empty { #[fd] stream: std::net::TcpStream }

fn register(echo: Echo, mut reactor: Eventp) {
    echo.register_into(&mut reactor).unwrap();
}

fn main() {}
