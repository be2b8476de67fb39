//! An event as `epoll_ctl(2)` spells it.
#![allow(unused)]

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(EPOLLIN)]
    fn read(&mut self) {}
}

fn main() {}
