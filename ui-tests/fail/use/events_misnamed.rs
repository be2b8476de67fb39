//! Words that could be ports, but not of these structs: each is taken for the event that it looks like.
#![allow(unused)]

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Register, handler, subscriber};

#[subscriber(interest = read | write | edge_triggered)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Echo {
    #[on(reading | out)]
    fn echo(&mut self) {}

    #[on(edge_triggered)]
    fn edge(&mut self) {}

    #[on(err)]
    fn failed(&mut self) {}
}

#[subscriber(interest = read)]
struct Generic<T: AsFd> {
    #[fd]
    fd: T,
}

#[handler]
impl<T: AsFd> Generic<T> {
    #[on(readable)]
    fn echo(&mut self) {}

    #[on(write)]
    fn flush(&mut self) {}
}

/// It has fields to choose from, but not this one.
#[subscriber]
struct Pipe {
    #[fd(interest = read)]
    reader: UnixStream,
    #[fd(interest = write)]
    writer: UnixStream,
}

#[handler]
impl Pipe {
    #[on(read)]
    fn read(&mut self) {}
}

/// No subscriber at all.
struct Plain {
    stream: UnixStream,
}

#[handler]
impl Plain {
    #[on(read)]
    fn read(&mut self) {}
}

fn register(echo: Echo, pipe: Pipe, reactor: &mut Eventp) {
    echo.register_into(reactor).unwrap();
    pipe.register_into(reactor).unwrap();
}

fn main() {}
