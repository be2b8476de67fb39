//! What is armed has fds.
#![allow(unused)]

use eventp::{Eventp, Handle, PortSet};

struct Plain;

fn arm(reactor: &mut Eventp, plain: Handle<Plain>, ports: PortSet<Plain>) {
    reactor.arm(plain, ports).unwrap();
}

fn main() {}
