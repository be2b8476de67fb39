//! A mistake in one handler does not hide those in the others, whoever finds them.
#![allow(unused)]

use std::fs::File;

use eventp::{Eventp, Key, Register, handler, subscriber};

struct Server;

#[subscriber(interest = read)]
struct One {
    #[fd]
    file: File,
}

#[handler]
impl One {
    #[on(raedable)]
    fn unknown_event(&mut self, server: &mut Server) {}

    #[on(writable)]
    fn unknown_parameter(&mut self, name: String) {}

    #[on(priority)]
    fn wrong_answer(&mut self) -> bool {
        true
    }

    #[on(hangup)]
    fn right(&mut self, key: Key) {}
}

#[subscriber]
struct Several {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = read)]
    tx: File,
}

#[handler]
impl Several {
    #[on(rx)]
    async fn asynchronous(&mut self) {}

    #[on(xt)]
    fn unknown_port(&mut self) {}
}

fn register(one: One, several: Several, reactor: &mut Eventp<Server>) {
    one.register_into(reactor).unwrap();
    several.register_into(reactor).unwrap();
}

fn main() {}
