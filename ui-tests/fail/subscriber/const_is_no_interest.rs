#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = const 5_u32)]
struct Number {
    #[fd]
    source: std::fs::File,
}

#[subscriber(interest = const libc::EPOLLIN)]
struct Unknown {
    #[fd]
    source: std::fs::File,
}

fn some_interest() -> eventp::Interest {
    eventp::interest().read()
}

#[subscriber(interest = const some_interest())]
struct NotConst {
    #[fd]
    source: std::fs::File,
}

fn main() {}
