#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    async fn read(&mut self) {}

    #[on(writable)]
    unsafe fn write(&mut self) {}
}

#[handler]
async fn function(fd: &mut std::net::TcpStream) {}

#[handler]
unsafe fn dangerous(fd: &mut std::net::TcpStream) {}

fn main() {}
