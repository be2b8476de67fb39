//! A flag as `epoll_ctl(2)` spells it.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read | EPOLLET)]
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
