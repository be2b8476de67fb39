//! What is given as an fd is none.
#![allow(unused)]

use eventp::{Eventp, interest};

fn register(reactor: &mut Eventp) {
    reactor.on(interest().read().with_fd("stdin"), |_| ()).unwrap();
}

fn main() {}
