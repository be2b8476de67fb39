#![allow(unused)]

use std::io;

use eventp::{Flow, handler};

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self) -> io::Result<Flow> {
        self.missing_method();
        Ok(3)
    }
}

#[handler]
fn function(stream: &mut std::net::TcpStream) -> io::Result<()> {
    let unused = missing_name;
    stream.nodelay()
}

fn main() {}
