//! The programs of the DSL's contract, run against real sockets, in a crate that forbids `unsafe`.
//!
//! The items are as the contract prints them; only `main` takes its listener from the test, which may not ask for a fixed port.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::unused_io_amount,
    reason = "the programs are as the contract prints them"
)]

mod common {
    #![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
    include!("common/safe.rs");
}

use common::{LONG, drain, fire, pair, settle};
use eventp::{Dispatch, Event, interest};

/// Section 1: a subscriber is a struct.
mod server {
    use eventp::{Eventp, EventpOps, Flow, Pinned, Register, handler, subscriber};
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[derive(Default)]
    pub struct Server {
        pub accepted: u64,
        pub echoed: u64,
    }

    #[subscriber(interest = read)]
    pub struct Acceptor {
        #[fd]
        pub listener: TcpListener,
    }

    #[handler]
    impl Acceptor {
        #[on(readable)]
        fn accept(
            &mut self,
            server: &mut Server,
            mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
        ) -> io::Result<()> {
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
    pub struct Echo {
        #[fd]
        stream: TcpStream,
    }

    #[handler]
    impl Echo {
        #[on(readable)]
        fn echo(&mut self, server: &mut Server) -> io::Result<Flow> {
            let mut buf = [0; 4096];
            loop {
                match self.stream.read(&mut buf) {
                    Ok(0) => return Ok(Flow::Remove),
                    Ok(n) => {
                        self.stream.write_all(&buf[..n])?;
                        server.echoed += n as u64
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::Keep),
                    Err(e) => return Err(e),
                }
            }
        }
    }

    pub fn reactor(listener: TcpListener) -> io::Result<Eventp<Server>> {
        listener.set_nonblocking(true)?;
        let mut reactor = Eventp::<Server>::new()?;
        reactor.on_error(|error, _server| eprintln!("{error}"));
        Acceptor { listener }.register_into(&mut reactor)?;
        Ok(reactor)
    }
}

#[test]
fn the_server_of_section_1_accepts_and_echoes() {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut reactor = server::reactor(listener).unwrap();
    let remote = reactor.remote().unwrap();
    let mut server = server::Server::default();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut clients: Vec<_> =
                (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
            for (nth, client) in clients.iter_mut().enumerate() {
                let text = format!("client {nth}");
                client.write_all(text.as_bytes()).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                let mut echo = String::new();
                client.read_to_string(&mut echo).unwrap();
                assert_eq!(echo, text);
            }
            remote.stop().unwrap();
        });
        reactor.run_with(&mut server).unwrap();
    });
    assert_eq!((server.accepted, server.echoed), (10, 80));
}

/// Section 3: a free function, and the builder.
mod functions {
    use eventp::{EventpOps, Pinned, handler};
    use std::io;
    use std::os::unix::net::{UnixListener, UnixStream};

    pub trait Accept {
        fn accept_one(&mut self) -> io::Result<UnixStream>;
    }

    impl Accept for UnixListener {
        fn accept_one(&mut self) -> io::Result<UnixStream> {
            self.accept().map(|(stream, _)| stream)
        }
    }

    #[handler]
    pub fn on_connection(
        listener: &mut impl Accept,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<()> {
        let stream = listener.accept_one()?;
        reactor.on(eventp::interest().read().with_fd(stream), |mut d| d.reactor.delete(d.key))?;
        Ok(())
    }
}

#[test]
fn the_function_of_section_3_is_registered_in_every_form_and_stays_callable() -> std::io::Result<()>
{
    use functions::{Accept, on_connection};
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[derive(Default)]
    struct State {
        hits: u32,
    }

    let path = std::env::temp_dir().join(format!("eventp-dsl-{}", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    let mut reactor = eventp::Eventp::<State>::new()?;
    let mut state = State::default();

    let key = interest()
        .read()
        .edge_triggered()
        .with_fd(listener.try_clone()?)
        .with_handler(on_connection::handler)
        .register_into(&mut reactor)?;
    let _client = UnixStream::connect(&path)?;
    reactor.run_once_with(&mut state, LONG)?;
    assert_eq!(reactor.len(), 2, "the listener and a connection");
    reactor.delete(key)?;

    // The two halves commute, and reactor-first is the shortest.
    let key = interest()
        .read()
        .with_handler(on_connection::handler)
        .with_fd(listener.try_clone()?)
        .register_into(&mut reactor)?;
    reactor.delete(key)?;
    let key =
        reactor.on(interest().read().with_fd(listener.try_clone()?), on_connection::handler)?;
    reactor.delete(key)?;

    // An ordinary function, with a listener of the test's own.
    struct Fake(Option<UnixStream>);
    impl Accept for Fake {
        fn accept_one(&mut self) -> std::io::Result<UnixStream> {
            self.0.take().ok_or_else(|| std::io::ErrorKind::WouldBlock.into())
        }
    }
    let (stream, _peer) = UnixStream::pair()?;
    on_connection(&mut Fake(Some(stream)), eventp::Pinned::new(&mut reactor))?;
    assert_eq!(reactor.len(), 2);

    // Closures, as they stand.
    let (stream, peer) = pair();
    let source = interest().read().with_fd(stream);
    let mut buf = [0; 16];
    reactor.on(source, move |d| {
        d.state.hits += 1;
        d.fd.read(&mut buf)?;
        Ok(())
    })?;
    fire(&peer);
    let (stream, peer) = pair();
    let source = interest().read().with_fd(stream);
    let key = reactor.on(source, |Dispatch { fd, state, mut reactor, key, .. }| {
        assert!(fd.as_fd().try_clone_to_owned().is_ok());
        state.hits += 10;
        reactor.delete(key)
    })?;
    fire(&peer);
    settle(&mut reactor, &mut state);
    assert_eq!(state.hits, 11);
    assert!(!reactor.contains(key));
    std::fs::remove_file(path)
}

mod error_and_hangup_unhandled {
    use super::*;
    use eventp::{Eventp, Register, handler, subscriber};
    use std::os::unix::net::UnixStream;

    #[subscriber(interest = read)]
    struct Plain {
        #[fd]
        stream: UnixStream,
    }

    #[handler]
    impl Plain {
        #[on(readable)]
        fn read(&mut self, seen: &mut Vec<&'static str>, event: Event) {
            seen.push(if event.is_hangup() { "readable, with a hangup" } else { "readable" });
            drain(&self.stream);
        }
    }

    #[subscriber(interest = none)]
    struct Careful {
        #[fd]
        #[allow(dead_code)]
        stream: UnixStream,
    }

    #[handler]
    impl Careful {
        #[on(readable)]
        fn read(&mut self, seen: &mut Vec<&'static str>) {
            seen.push("readable");
        }

        #[on(hangup | error)]
        fn end(&mut self, seen: &mut Vec<&'static str>) -> eventp::Flow {
            seen.push("hangup");
            eventp::Flow::Remove
        }
    }

    #[test]
    fn they_reach_the_readable_handler() {
        let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
        let (stream, peer) = pair();
        Plain { stream }.register_into(&mut reactor).unwrap();
        drop(peer);
        let mut seen = Vec::new();
        reactor.run_once_with(&mut seen, LONG).unwrap();
        assert_eq!(seen, ["readable, with a hangup"]);
    }

    #[test]
    fn unless_a_handler_is_declared_for_them() {
        let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
        let (stream, peer) = pair();
        Careful { stream }.register_into(&mut reactor).unwrap();
        drop(peer);
        let mut seen = Vec::new();
        reactor.run_once_with(&mut seen, LONG).unwrap();
        assert_eq!(seen, ["hangup"]);
        assert!(reactor.is_empty());
    }
}

#[test]
fn several_methods_run_in_source_order_until_one_removes_the_subscriber() {
    use eventp::{Eventp, EventpOps, Flow, Key, Pinned, Register, handler, subscriber};
    use std::os::unix::net::UnixStream;

    #[subscriber(interest = read | write | edge_triggered)]
    struct Both {
        #[fd]
        stream: UnixStream,
        remove: bool,
    }

    #[handler]
    impl Both {
        #[on(readable)]
        fn first(&mut self, seen: &mut Vec<&'static str>) {
            drain(&self.stream);
            seen.push("first");
        }

        #[on(writable | readable)]
        fn second(
            &mut self,
            key: Key,
            seen: &mut Vec<&'static str>,
            mut reactor: Pinned<'_, impl EventpOps>,
        ) -> std::io::Result<Flow> {
            seen.push("second");
            if self.remove {
                reactor.delete(key)?;
            }
            Ok(Flow::Stop)
        }

        #[on(writable)]
        fn third(&mut self, seen: &mut Vec<&'static str>) {
            seen.push("third");
        }
    }

    for remove in [false, true] {
        let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
        let (stream, peer) = pair();
        Both { stream, remove }.register_into(&mut reactor).unwrap();
        fire(&peer);
        let mut seen = Vec::new();
        reactor.run_with(&mut seen).unwrap();
        let all = ["first", "second", "third"];
        assert_eq!(seen, if remove { &all[..2] } else { &all[..] });
        assert_eq!(reactor.is_empty(), remove);
    }
}
