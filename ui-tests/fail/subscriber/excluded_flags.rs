#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read | exclusive | oneshot | priority | read_hangup)]
struct Exclusive {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = none | read)]
struct Nothing {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
