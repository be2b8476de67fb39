//! Several methods on one event run in source order until one removes the subscriber or fails; what nobody names goes to the
//! method that reads.

#![deny(warnings)]

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use eventp::{Event, Eventp, EventpOps, Flow, Key, Pinned, Register, handler, subscriber};

type Log = Vec<&'static str>;

#[subscriber(interest = read | read_hangup)]
struct Chain {
    #[fd]
    stream: UnixStream,
    remove: bool,
}

#[handler]
impl Chain {
    #[on(readable | priority)]
    fn first(&mut self, log: &mut Log) -> Flow {
        log.push("first");
        if self.remove { Flow::Remove } else { Flow::Keep }
    }

    /// Not a handler.
    fn _helper(&mut self) {}

    const _LIMIT: usize = { 3 };

    #[on(readable)]
    fn second(&mut self, log: &mut Log, key: Key, reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        assert!(reactor.contains(key));
        log.push("second");
        Ok(())
    }

    #[on(writable)]
    fn third(&mut self, log: &mut Log) -> io::Result<Flow> {
        log.push("third");
        Ok(Flow::Keep)
    }

    #[on(hangup)]
    fn gone(&mut self, log: &mut Log, event: Event) {
        assert!(event.is_hangup());
        log.push("gone");
    }
}

#[subscriber(interest = none)]
struct Writer {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Writer {
    #[on(priority)]
    fn first_of_all(&mut self, log: &mut Log, event: Event) {
        assert!(event.is_hangup());
        log.push("unasked");
    }
}

#[subscriber(interest = read)]
struct Plain {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Plain {
    fn handle(&mut self, log: &mut Log) {
        log.push("plain");
    }
}

fn once(reactor: &mut Eventp<Log>) -> io::Result<Log> {
    let mut log = Log::new();
    reactor.run_once_with(&mut log, Some(Duration::ZERO))?;
    Ok(log)
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<Log>::new()?;
    let (stream, mut theirs) = UnixStream::pair()?;
    let chain = Chain { stream, remove: false }.register_into(&mut reactor)?;
    theirs.write_all(b"x")?;
    assert_eq!(once(&mut reactor)?, ["first", "second"]);
    reactor.get_mut(chain)?.remove = true;
    assert_eq!(once(&mut reactor)?, ["first"]);
    assert!(once(&mut reactor)?.is_empty());

    let (stream, theirs) = UnixStream::pair()?;
    Chain { stream, remove: false }.register_into(&mut reactor)?;
    drop(theirs);
    assert_eq!(once(&mut reactor)?, ["first", "second", "gone"]);

    let mut reactor = Eventp::<Log>::new()?;
    let (stream, theirs) = UnixStream::pair()?;
    Writer { stream }.register_into(&mut reactor)?;
    drop(theirs);
    assert_eq!(once(&mut reactor)?, ["unasked"]);

    let mut reactor = Eventp::<Log>::new()?;
    let (stream, theirs) = UnixStream::pair()?;
    Plain { stream }.register_into(&mut reactor)?;
    drop(theirs);
    assert_eq!(once(&mut reactor)?, ["plain"]);
    Ok(())
}
