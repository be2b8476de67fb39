//! The same by the reactor's own method.
#![allow(unused)]

use eventp::Eventp;

struct Plain;

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.add(Plain).unwrap();
}
