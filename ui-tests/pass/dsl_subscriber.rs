//! The first program of the DSL's definition, as it stands there.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use eventp::{handler, subscriber, EventpOps, Eventp, Flow, Pinned, Register};

#[derive(Default)]
struct Server { accepted: u64, echoed: u64 }

#[subscriber(interest = read)]
struct Acceptor { #[fd] listener: TcpListener }

#[handler]
impl Acceptor {
    #[on(readable)]
    fn accept(&mut self, server: &mut Server, mut reactor: Pinned<'_, impl EventpOps<State = Server>>) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true)?;
                    server.accepted += 1;
                    Echo { stream }.register_into(&mut reactor)?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
    }
}

#[subscriber(interest = read | read_hangup | edge_triggered)]
struct Echo { #[fd] stream: TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self, server: &mut Server) -> io::Result<Flow> {
        let mut buf = [0; 4096];
        loop {
            match self.stream.read(&mut buf) {
                Ok(0) => return Ok(Flow::Remove),
                Ok(n) => { self.stream.write_all(&buf[..n])?; server.echoed += n as u64 }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::Keep),
                Err(e) => return Err(e),
            }
        }
    }
}

fn run() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7000")?;
    listener.set_nonblocking(true)?;
    let mut reactor = Eventp::<Server>::new()?;
    reactor.on_error(|error, _server| eprintln!("{error}"));
    Acceptor { listener }.register_into(&mut reactor)?;
    reactor.run_with(&mut Server::default())
}

// Not run: it would bind a port and serve for ever.
fn main() {
    let _: fn() -> io::Result<()> = run;
}
