//! What a handler asks for is told apart by type, not by name.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Event as What, Eventp, Key, Pinned as View, Port, Register, handler, interest, subscriber};

mod bounds {
    pub(crate) use eventp::EventpOps as Ops;
}

type Who = Key;
type Which = Port;
type Done = io::Result<()>;
type Reactor = Eventp<u32>;
type Narrow<'a> = View<'a, Reactor>;
type NarrowOf<'a, Ep> = View<'a, Ep>;
type Pinned = u8;

#[subscriber(interest = read)]
struct Bounded {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Bounded {
    #[on(readable)]
    fn read(&mut self, what: What, who: Who, which: Which, mut view: View<'_, impl bounds::Ops>) -> Done {
        let _ = (&self.stream, what, which);
        view.delete(who)
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
    fn read(&mut self, who: Who, mut view: Narrow<'_>, state: &mut u32) -> Done {
        let _ = &self.stream;
        *state += 1;
        view.delete(who)
    }

    #[on(writable)]
    fn write(&mut self, _: eventp::Pinned<'_, Reactor>, _: &mut u32) {}

    #[on(writable)]
    fn write_more(&mut self, _: NarrowOf<'_, Reactor>) {}
}

#[handler]
fn free(stream: &mut UnixStream, mut view: Narrow<'_>, who: Who) -> Done {
    let _ = stream;
    view.delete(who)
}

#[handler]
fn free_bounded(stream: &mut UnixStream, view: View<'_, impl bounds::Ops>) {
    let _ = (stream, view);
}

fn main() -> io::Result<()> {
    let _: Pinned = 0;
    let mut reactor = Reactor::new()?;
    let pair = || UnixStream::pair().map(|(ours, _)| ours);
    Bounded { stream: pair()? }.register_into(&mut reactor)?;
    Fixed { stream: pair()? }.register_into(&mut reactor)?;
    reactor.on(interest().read().with_fd(pair()?), free::handler)?;
    reactor.on(interest().read().with_fd(pair()?), free_bounded::handler)?;
    let mut state = 0;
    reactor.run_once_with(&mut state, None)?;
    assert_eq!((state, reactor.len()), (1, 1));
    Ok(())
}
