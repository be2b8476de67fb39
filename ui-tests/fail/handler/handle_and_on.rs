#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    fn handle(&mut self) {}

    #[on(readable)]
    fn read(&mut self) {}
}

fn main() {}
