//! The ports of one type, armed on another.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Handle, handler, subscriber};

#[subscriber]
struct A {
    #[fd(interest = read, group = later)]
    one: UnixStream,
}

#[subscriber]
struct B {
    #[fd(interest = read, group = later)]
    one: UnixStream,
}

#[handler]
impl A {
    fn handle(&mut self) {}
}

#[handler]
impl B {
    fn handle(&mut self) {}
}

fn arm(reactor: &mut Eventp, a: Handle<A>) {
    reactor.arm(a, B::LATER).unwrap();
}

fn main() {}
