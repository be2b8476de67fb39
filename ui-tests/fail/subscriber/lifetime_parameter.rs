#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Echo<'a> {
    #[fd]
    stream: std::net::TcpStream,
    name: &'a str,
}

fn main() {}
