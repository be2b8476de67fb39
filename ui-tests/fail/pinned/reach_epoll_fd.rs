//! Nobody gets at the epoll instance.
use std::os::fd::{AsFd, AsRawFd};

use eventp::{Eventp, Pinned};

fn handler(reactor: Pinned<'_, Eventp>) {
    let _ = reactor.as_raw_fd();
}

fn main() {
    let reactor = Eventp::<()>::new().unwrap();
    let _ = reactor.as_fd();
}
