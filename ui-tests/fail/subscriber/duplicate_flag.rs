#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read | write | read)]
struct Echo {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
