//! The three ways to write the reactor: bounded, by a parameter of one's own, concrete.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Key, Pinned, Register, handler, interest, subscriber};

#[derive(Default)]
struct Server {
    calls: u32,
}

macro_rules! stream_subscriber {
    ($($name:ident)*) => { $(
        #[subscriber(interest = read | write)]
        struct $name { #[fd] stream: UnixStream }
    )* };
}

stream_subscriber!(Bounded Parameter Concrete Mixed OnImpl);

#[handler]
impl Bounded {
    #[on(readable | writable)]
    fn read(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps<State = Server> + Sized>) -> io::Result<()> {
        let _ = &self.stream;
        reactor.delete(key)
    }
}

trait Count {
    fn count(&mut self);
}

impl Count for Server {
    fn count(&mut self) {
        self.calls += 1;
    }
}

#[handler]
impl Parameter {
    #[on(writable)]
    fn write<R: EventpOps>(&mut self, key: Key, mut reactor: Pinned<'_, R>) -> io::Result<()>
    where
        R::State: Count,
    {
        let _ = &self.stream;
        reactor.delete(key)
    }

    #[on(readable)]
    fn read<Reactor>(&mut self, server: &mut Server, reactor: Pinned<'_, Reactor>)
    where
        Reactor: EventpOps<State = Server>,
    {
        server.count();
        let _ = reactor;
    }
}

#[handler]
impl Concrete {
    #[on(readable | writable)]
    fn write(&mut self, key: Key, mut reactor: Pinned<'_, Eventp<Server>>, server: &mut Server) -> io::Result<()> {
        let _ = &self.stream;
        server.count();
        reactor.delete(key)
    }
}

#[handler]
impl Mixed {
    #[on(readable | writable)]
    fn concrete(&mut self, _: Pinned<'_, Eventp<Server>>) {}

    #[on(writable)]
    fn bounded(&mut self, _: Pinned<'_, impl EventpOps<State = Server>>) {}

    #[on(writable)]
    fn parameter<Ep: EventpOps>(&mut self, key: Key, mut reactor: Pinned<'_, Ep>, server: &mut Server) -> io::Result<()> {
        let _ = &self.stream;
        server.count();
        reactor.delete(key)
    }
}

#[subscriber(interest = read | write)]
struct AnyState {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl AnyState {
    #[on(readable)]
    fn read<R: EventpOps>(&mut self, _: &mut R::State, _: Pinned<'_, R>) {}

    #[on(writable)]
    fn write(&mut self, server: &mut Server) {
        server.count();
    }
}

#[handler]
fn any_state<R>(_: &mut UnixStream, state: &mut R::State, _: Pinned<'_, R>)
where
    R: EventpOps,
{
    let _ = state;
}

#[subscriber(interest = read)]
#[allow(dead_code)]
struct Holder<Ep: 'static> {
    #[fd]
    stream: UnixStream,
    of: std::marker::PhantomData<fn() -> Ep>,
}

#[handler]
#[allow(dead_code)]
impl<Ep: EventpOps> Holder<Ep> {
    #[on(readable)]
    fn read(&mut self, _: Pinned<'_, Ep>, _: &mut Ep::State) {
        let _ = self.of;
    }
}

#[handler]
impl OnImpl {
    #[on(readable | writable)]
    fn write(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>, state: &mut impl Count) -> io::Result<()> {
        let _ = &self.stream;
        state.count();
        reactor.delete(key)
    }
}

#[handler]
fn free<R: EventpOps<State = Server>>(_: &mut UnixStream, key: Key, state: &mut Server, mut reactor: Pinned<'_, R>) -> io::Result<()> {
    state.count();
    reactor.delete(key)
}

#[handler]
fn free_unstated<R: EventpOps>(_: &mut UnixStream, key: Key, state: &mut Server, mut reactor: Pinned<'_, R>) -> io::Result<()> {
    state.count();
    reactor.delete(key)
}

#[handler]
fn free_concrete(_: &mut UnixStream, key: Key, state: &mut Server, mut reactor: Pinned<'_, Eventp<Server>>) -> io::Result<()> {
    state.count();
    reactor.delete(key)
}

fn main() -> io::Result<()> {
    let _ = (|stream| AnyState { stream }, any_state::handler::<Eventp<Server>>);
    let mut reactor = Eventp::<Server>::new()?;
    let mut server = Server::default();
    let pair = || UnixStream::pair().map(|(ours, _)| ours);
    Bounded { stream: pair()? }.register_into(&mut reactor)?;
    Parameter { stream: pair()? }.register_into(&mut reactor)?;
    Concrete { stream: pair()? }.register_into(&mut reactor)?;
    Mixed { stream: pair()? }.register_into(&mut reactor)?;
    OnImpl { stream: pair()? }.register_into(&mut reactor)?;
    for _ in 0..2 {
        reactor.on(interest().read().with_fd(pair()?), free::handler)?;
        reactor.on(interest().read().with_fd(pair()?), free_unstated::handler)?;
        reactor.on(interest().read().with_fd(pair()?), free_concrete::handler)?;
    }
    while !reactor.is_empty() {
        reactor.run_once_with(&mut server, None)?;
    }
    assert!(server.calls >= 9);
    Ok(())
}
