#![allow(unused)]

use eventp::subscriber;

#[subscriber]
struct Echo {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = )]
struct Typing {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest)]
struct TypingLess {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = const)]
struct TypingConst {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
