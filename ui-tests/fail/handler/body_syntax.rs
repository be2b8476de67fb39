#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self) {
        let number = 3
        let other = number.;
    }
}

fn main() {}
