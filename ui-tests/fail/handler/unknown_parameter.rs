#![allow(unused)]

use eventp::handler;

struct Server;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn by_value(&mut self, server: Server, name: Option<String>) {}
}

#[eventp::subscriber(interest = read)] struct Shapes { #[fd] stream: std::net::TcpStream }

#[handler]
impl Shapes {
    #[on(readable)]
    fn tuple(&mut self, pair: (u8, u8)) {}

    #[on(readable)]
    fn several(&mut self, number: u32, text: &str, array: [u8; 4]) {}
}

#[handler]
fn function(fd: &mut std::net::TcpStream, server: Server, name: String) {}

#[handler]
fn opaque(fd: &mut std::net::TcpStream, anything: impl Clone) {}

fn main() {}
