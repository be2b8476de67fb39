//! Where the type of the reactor is not known, that of a function that names it may borrow: a closure around the function does not.
#![allow(unused)]

use std::io;
use std::net::{TcpListener, TcpStream};

use eventp::{EventpOps, Pinned, handler, interest};

#[handler]
fn on_data(stream: &mut TcpStream, mut reactor: Pinned<'_, impl EventpOps>) {}

#[handler]
fn on_connection(
    listener: &mut TcpListener,
    mut reactor: Pinned<'_, impl EventpOps>,
) -> io::Result<()> {
    let (stream, _) = listener.accept()?;
    reactor.on(interest().read().with_fd(stream), on_data::handler)?;
    Ok(())
}

fn main() {}
