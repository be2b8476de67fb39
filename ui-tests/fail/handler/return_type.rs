#![allow(unused)]

use std::io;

use eventp::{Flow, handler};

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn number(&mut self) -> u32 {
        0
    }

    #[on(writable)]
    fn other_error(&mut self) -> Result<Flow, String> {
        Ok(Flow::Keep)
    }

    #[on(priority)]
    fn text(&mut self) -> &str {
        ""
    }
}

#[handler]
fn function(fd: &mut std::net::TcpStream) -> io::Result<usize> {
    Ok(0)
}

#[handler]
fn opaque(fd: &mut std::net::TcpStream) -> impl Clone {
    3
}

fn main() {}
