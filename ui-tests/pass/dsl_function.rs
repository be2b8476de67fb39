//! The free function of the DSL's definition, in each form of registration, and called as the ordinary function that it is.

#![deny(warnings)]

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use eventp::{Dispatch, Eventp, EventpOps, Pinned, handler, interest};

trait Accept {
    fn accept(&mut self) -> io::Result<TcpStream>;
}

struct Listener(TcpListener);

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Accept for Listener {
    fn accept(&mut self) -> io::Result<TcpStream> {
        self.0.accept().map(|(stream, _)| stream)
    }
}

#[handler]
fn on_connection(listener: &mut impl Accept, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
    let stream = listener.accept()?;
    let mut buf = [0; 64];
    reactor.on(interest().read().with_fd(stream), move |d| d.fd.read(&mut buf).map(|_| ()))?;
    Ok(())
}

fn chained(listener: Listener, mut reactor: Eventp) -> io::Result<()> {
    interest()
        .read()
        .edge_triggered()
        .with_fd(listener)
        .with_handler(on_connection::handler)
        .register_into(&mut reactor)?;
    Ok(())
}

fn commuted(listener: Listener, mut reactor: Eventp) -> io::Result<()> {
    interest().read().with_handler(on_connection::handler).with_fd(listener).register_into(&mut reactor)?;
    Ok(())
}

struct Hits {
    hits: u64,
}

fn reactor_first(listener: Listener, stream: fn() -> TcpStream, mut reactor: Eventp<Hits>) -> io::Result<()> {
    reactor.on(interest().read().with_fd(listener), on_connection::handler)?;
    let mut buf = [0; 64];
    let source = interest().read().with_fd(stream());
    reactor.on(source, move |d| { d.state.hits += 1; d.fd.read(&mut buf)?; Ok(()) })?;
    let source = interest().read().with_fd(stream());
    reactor.on(source, |Dispatch { key, mut reactor, .. }| reactor.delete(key))?;
    Ok(())
}

fn called_as_written(mut mock: Listener, mut reactor: Eventp) -> io::Result<()> {
    on_connection(&mut mock, Pinned::new(&mut reactor))
}

fn main() {
    let _ = (chained, commuted, reactor_first, called_as_written);
}
