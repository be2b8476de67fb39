//! What `epoll_ctl(2)` refuses.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read | exclusive | oneshot)]
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
