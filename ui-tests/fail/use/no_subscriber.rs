//! `#[handler]` without `#[subscriber]`.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::{Eventp, Register, handler};

struct Echo {
    stream: UnixStream,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self) {
        let _ = &self.stream;
    }
}

fn register(echo: Echo, reactor: &mut Eventp) {
    echo.register_into(reactor).unwrap();
}

fn main() {}
