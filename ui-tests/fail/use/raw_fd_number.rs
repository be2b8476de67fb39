//! A raw fd is a number that nobody owns.
#![allow(unused)]

use eventp::{Eventp, interest};

fn register(reactor: &mut Eventp) {
    interest().read().with_fd(0).with_handler(|_| ()).register_into(reactor).unwrap();
}

fn main() {}
