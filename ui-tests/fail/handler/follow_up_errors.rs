#![allow(unused)]

// Each item has one mistake. What uses the items is right, and nothing is said of it.
use std::net::TcpStream;

use eventp::{EventpOps, Eventp, Pinned, Register, handler, interest, subscriber};

struct Server;

#[subscriber(interest = raed)]
struct Echo {
    #[fd]
    stream: TcpStream,
}

#[handler]
impl Echo {
    #[on(redable)]
    fn read(&mut self, server: &mut Server) {
        self.helper();
        let _ = &self.stream;
    }

    fn helper(&mut self) {}
}

#[handler]
fn function(stream: &mut TcpStream, server: &mut Server, reactor: Pinned<'_, impl EventpOps>) {}

fn use_them(echo: Echo, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reactor = Eventp::<Server>::new()?;
    echo.register_into(&mut reactor)?;
    reactor.on(interest().read().with_fd(stream.try_clone()?), function::handler)?;
    function(&mut stream, &mut Server, Pinned::new(&mut reactor));
    reactor.run_with(&mut Server)
}

fn main() {}
