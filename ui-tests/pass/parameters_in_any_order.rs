//! Every kind of parameter, in any order, in methods and in functions; patterns instead of names.

#![deny(warnings)]

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use eventp::{Event, Eventp, EventpOps, Flow, Interest, Key, Pinned, Port, Register};
use eventp::{handler, interest, subscriber};

#[derive(Default)]
struct Server {
    hits: u64,
    last: Option<Key>,
}

#[subscriber(interest = read | write)]
struct Both {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Both {
    #[on(readable)]
    fn read(
        &mut self,
        port: Port,
        mut reactor: Pinned<'_, impl EventpOps>,
        Server { hits, .. }: &mut Server,
        _: Event,
        interest: Interest,
        key: Key,
    ) -> io::Result<Flow> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        *hits += u64::from(byte[0]);
        assert!(interest.is_read() && port.index() == 0);
        reactor.modify(key, eventp::interest().read())?;
        Ok(Flow::Stop)
    }

    #[on(writable)]
    fn write(&self, key: Key, server: &mut Server, event: Event) {
        assert!(event.is_writable());
        server.last = Some(key);
    }
}

#[handler]
fn reversed(
    key: Key,
    state: &mut Server,
    event: Event,
    mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
    stream: &mut UnixStream,
) -> io::Result<()> {
    assert!(event.is_readable());
    stream.read_exact(&mut [0])?;
    state.hits += 10;
    reactor.delete(key)?;
    reactor.stop();
    Ok(())
}

#[handler]
fn marked(#[state] server: &mut Server, stream: &mut UnixStream) -> Flow {
    server.hits += 100;
    let _ = stream.read(&mut [0]);
    Flow::Remove
}

#[handler]
fn state_only(_state: &mut Server) {}

#[handler]
fn nothing_at_all() {}

#[handler]
fn only_values(_: Event, Port { .. }: Port) -> Flow {
    Flow::Keep
}

fn main() -> io::Result<()> {
    let mut server = Server::default();
    let mut reactor = Eventp::<Server>::new()?;
    let (ours, mut theirs) = UnixStream::pair()?;
    theirs.write_all(&[7])?;
    let both = Both { stream: ours }.register_into(&mut reactor)?;
    reactor.run_with(&mut server)?;
    assert_eq!((server.hits, server.last), (7, Some(both.key())));

    let (ours, mut theirs) = UnixStream::pair()?;
    theirs.write_all(&[1])?;
    reactor.on(interest().read().with_fd(ours), reversed::handler)?;
    reactor.run_with(&mut server)?;
    assert_eq!(server.hits, 17);

    let (ours, mut theirs) = UnixStream::pair()?;
    theirs.write_all(&[1])?;
    reactor.on(interest().read().with_fd(ours), marked::handler)?;
    reactor.run_once_with(&mut server, Some(Duration::ZERO))?;
    assert_eq!(server.hits, 117);

    for _ in 0..2 {
        let (ours, _theirs) = UnixStream::pair()?;
        reactor.on(interest().read().with_fd(ours.try_clone()?), state_only::handler)?;
        reactor.on(interest().read().with_fd(ours.try_clone()?), nothing_at_all::handler)?;
        reactor.on(interest().read().with_fd(ours), only_values::handler)?;
    }
    assert_eq!(marked(&mut server, &mut theirs), Flow::Remove);
    Ok(())
}
