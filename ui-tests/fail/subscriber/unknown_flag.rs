#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = raed | writable)]
struct Typo {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = EPOLLIN | EPOLLRDHUP | EPOLLET | EPOLLONESHOT)]
struct Kernel {
    #[fd]
    stream: std::net::TcpStream,
}

#[subscriber(interest = in | hup | banana)]
struct Others {
    #[fd]
    stream: std::net::TcpStream,
}

fn main() {}
