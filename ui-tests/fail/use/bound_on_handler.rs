//! A function of the user's that asks for a handler.
#![allow(unused)]

use eventp::{Eventp, Handler};

struct Plain;

fn takes_handler<T: Handler<Eventp>>(_handler: T) {}

fn main() {
    takes_handler(Plain);
}
