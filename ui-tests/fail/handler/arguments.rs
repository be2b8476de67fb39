#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler(readable)]
impl Echo {
    fn handle(&mut self) {}
}

#[handler(state = Server, crate = 5)]
fn function(fd: &mut std::net::TcpStream) {}

fn main() {}
