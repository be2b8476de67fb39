//! Everything that a handler can return.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Flow, IntoFlow, Register, handler, interest, subscriber};

type Answer = io::Result<Flow>;

#[subscriber(interest = read)]
struct Returns {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Returns {
    #[on(readable)]
    fn nothing(&mut self) {
        let _ = &self.stream;
    }

    #[on(readable)]
    fn unit(&mut self) -> () {}

    #[on(readable)]
    fn flow(&mut self) -> Flow {
        Flow::Keep
    }

    #[on(readable)]
    fn result(&mut self) -> io::Result<()> {
        Ok(())
    }

    #[on(readable)]
    fn alias(&mut self) -> Answer {
        Ok(Flow::Keep)
    }

    #[on(readable)]
    fn full(&mut self) -> ::std::result::Result<Flow, ::std::io::Error> {
        Ok(Flow::Keep)
    }

    #[on(readable)]
    fn opaque(&mut self) -> impl IntoFlow + use<> {
        Flow::Keep
    }

    #[on(writable)]
    fn never(&mut self) -> ! {
        panic!("never called")
    }

    #[on(writable)]
    fn never_last(&mut self) -> ! {
        unreachable!()
    }
}

#[handler]
fn never(_: &mut UnixStream) -> ! {
    panic!("never called")
}

#[handler]
#[allow(dead_code)]
fn generic<R: IntoFlow + From<()>>(_: &mut UnixStream, state: &mut R) -> R {
    let _ = state;
    ().into()
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::new()?;
    Returns { stream: UnixStream::pair()?.0 }.register_into(&mut reactor)?;
    let (quiet, _peer) = UnixStream::pair()?;
    reactor.on(interest().with_fd(quiet), never::handler)?;
    reactor.run_once(None)?;
    Ok(())
}
