//! The same with several fds.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, subscriber};

#[subscriber]
struct Proxy {
    #[fd(interest = read)]
    client: UnixStream,
    #[fd(interest = read)]
    server: UnixStream,
}

fn register(proxy: Proxy, reactor: &mut Eventp) {
    reactor.add(proxy).unwrap();
}

fn main() {}
