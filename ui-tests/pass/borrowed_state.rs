//! A state that borrows: in methods, in functions, with named and with elided lifetimes.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Key, Pinned, Register, handler, interest, subscriber};

struct Server<'a> {
    name: &'a str,
    calls: &'a mut Vec<String>,
}

#[subscriber(interest = read)]
struct Elided {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Elided {
    #[on(readable)]
    fn read(
        &mut self,
        server: &mut Server<'_>,
        key: Key,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<()> {
        server.calls.push(server.name.to_owned());
        reactor.delete(key)
    }
}

#[subscriber(interest = read)]
struct Named {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Named {
    #[on(readable)]
    fn read<'s>(
        &mut self,
        server: &mut Server<'s>,
        key: Key,
        mut reactor: Pinned<'_, impl EventpOps<State = Server<'s>>>,
    ) -> io::Result<()> {
        server.calls.push(format!("named {}", server.name));
        reactor.delete(key)
    }

    #[on(writable)]
    fn write<'s, 'r, Ep: EventpOps<State = Server<'s>>>(&'r mut self, reactor: Pinned<'r, Ep>, server: &mut Server<'s>) {
        let _ = (reactor, server);
    }
}

#[subscriber(interest = read)]
struct Fixed {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Fixed {
    #[on(readable)]
    fn read(&mut self, server: &mut Server<'_>, mut reactor: Pinned<'_, Eventp<Server<'_>>>, key: Key) -> io::Result<()> {
        server.calls.push(format!("fixed {}", server.name));
        reactor.delete(key)
    }
}

#[subscriber(interest = read)]
struct Slice {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Slice {
    #[on(readable)]
    fn read(&mut self, names: &mut &[&str], callback: Pinned<'_, impl EventpOps>) {
        let _ = (names, callback);
    }
}

#[handler]
fn free<'s>(
    stream: &mut UnixStream,
    state: &mut Server<'s>,
    mut reactor: Pinned<'_, impl EventpOps<State = Server<'s>>>,
    key: Key,
) -> io::Result<()> {
    let _ = stream;
    state.calls.push(format!("free {}", state.name));
    reactor.delete(key)
}

#[handler]
fn free_elided(stream: &mut UnixStream, state: &mut Server<'_>, mut reactor: Pinned<'_, impl EventpOps>, key: Key) -> io::Result<()> {
    let _ = (stream, &state.name);
    reactor.delete(key)
}

fn main() -> io::Result<()> {
    let mut calls = Vec::new();
    {
        let name = String::from("server");
        let mut server = Server { name: &name, calls: &mut calls };
        let mut reactor = Eventp::<Server<'_>>::new()?;
        let pair = || UnixStream::pair().map(|(ours, _)| ours);
        Elided { stream: pair()? }.register_into(&mut reactor)?;
        Named { stream: pair()? }.register_into(&mut reactor)?;
        Fixed { stream: pair()? }.register_into(&mut reactor)?;
        reactor.on(interest().read().with_fd(pair()?), |d| free::handler(d))?;
        reactor.on(interest().read().with_fd(pair()?), |d| free_elided::handler(d))?;
        while !reactor.is_empty() {
            reactor.run_once_with(&mut server, None)?;
        }
    }
    calls.sort();
    assert_eq!(calls, ["fixed server", "free server", "named server", "server"]);

    let names = ["a", "b"];
    let mut reactor = Eventp::<&[&str]>::new()?;
    Slice { stream: UnixStream::pair()?.0 }.register_into(&mut reactor)?;
    reactor.run_once_with(&mut names.as_slice(), None)?;
    Ok(())
}
