//! Both remedies for `rustc/function_in_generic_handler.rs`.
#![allow(unused)]

use std::io;
use std::net::{TcpListener, TcpStream};

use eventp::{EventpOps, Pinned, handler, interest};

#[handler]
fn on_data(stream: &mut TcpStream, mut reactor: Pinned<'_, impl EventpOps>) {}

#[handler]
fn on_connection(
    listener: &mut TcpListener,
    mut reactor: Pinned<'_, impl EventpOps + 'static>,
) -> io::Result<()> {
    let (stream, _) = listener.accept()?;
    reactor.on(interest().read().with_fd(stream), on_data::handler)?;
    Ok(())
}

#[handler]
fn on_other_connection(
    listener: &mut TcpListener,
    mut reactor: Pinned<'_, impl EventpOps>,
) -> io::Result<()> {
    let (stream, _) = listener.accept()?;
    reactor.on(interest().read().with_fd(stream), |d| on_data::handler(d))?;
    Ok(())
}

fn main() -> io::Result<()> {
    let mut reactor = eventp::Eventp::<()>::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    reactor.on(interest().read().with_fd(listener.try_clone()?), on_connection::handler)?;
    reactor.on(interest().write().with_fd(TcpStream::connect(listener.local_addr()?)?), |d| {
        on_data::handler(d)
    })?;
    let key = reactor.on(
        interest().read().with_fd(TcpListener::bind("127.0.0.1:0")?),
        on_other_connection::handler,
    )?;
    reactor.delete(key)
}
