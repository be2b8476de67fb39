//! `#[subscriber]` without `#[handler]`.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, Register, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

fn register(echo: Echo, reactor: &mut Eventp) {
    echo.register_into(reactor).unwrap();
}

fn main() {}
