#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read, events = write, priority = 3)]
struct Echo {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = read, interest = write)]
struct Twice {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = read, crate = 3)]
struct Root {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber("read")]
struct Literal {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
