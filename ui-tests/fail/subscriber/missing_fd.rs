#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Echo {
    stream: std::net::TcpStream,
}

fn main() {}
