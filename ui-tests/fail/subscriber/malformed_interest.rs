#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read, write)]
struct Comma {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = read | )]
struct Trailing {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = read write)]
struct Space {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = interest().read())]
struct Expression {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
