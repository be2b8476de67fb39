//! `#[cfg]` on fields, methods, parameters and on the items themselves.

#![deny(warnings)]

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use eventp::{Event, Eventp, EventpOps, Flow, Key, Pinned, Register, handler, interest, subscriber};

#[allow(dead_code)]
struct Absent;

#[subscriber(interest = read)]
struct Fields {
    #[cfg(any())]
    #[fd]
    absent: Absent,
    #[cfg(not(any()))]
    #[fd]
    present: UnixStream,
    #[cfg_attr(all(), allow(dead_code))]
    #[cfg_attr(any(), fd)]
    other: u8,
}

type Log = Vec<&'static str>;

#[handler]
#[cfg(not(any()))]
impl Fields {
    // Is not there, so that `hangup` is not named.
    #[cfg(any())]
    #[on(hangup)]
    fn gone(&mut self, absent: &mut Absent, _: Missing) {}

    #[on(readable)]
    #[cfg(not(any()))]
    fn read(&mut self, log: &mut Log, #[cfg(any())] missing: Missing, #[cfg(all())] event: Event) {
        let _ = &self.present;
        log.push(if event.is_hangup() { "hangup" } else { "readable" });
    }

    #[cfg(any())]
    #[on(readable)]
    fn read(&mut self) {}
}

#[subscriber(interest = read)]
struct Either {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Either {
    #[cfg(all())]
    fn handle(&mut self) {
        let _ = &self.stream;
    }

    #[cfg(not(all()))]
    #[on(readable)]
    fn read(&mut self) {}
}

#[cfg(any())]
#[handler]
impl Fields {
    #[on(readable)]
    fn twice(&mut self) {}
}

#[handler]
#[cfg(any())]
impl Missing {
    #[on(readable)]
    fn read(&mut self) {}
}

#[handler]
fn on_bytes(
    #[cfg(any())] absent: &mut Absent,
    #[cfg(not(any()))] stream: &mut UnixStream,
    #[cfg(all())] key: Key,
    #[cfg(not(all()))] key: Missing,
    #[cfg(any())] state: &mut Absent,
    #[cfg(all())]
    #[state]
    log: &mut Log,
    #[cfg(any())] reactor: Pinned<'_, impl Missing>,
    #[cfg(not(any()))] reactor: Pinned<'_, impl EventpOps>,
) -> Flow {
    let _ = stream;
    log.push(if reactor.contains(key) { "there" } else { "gone" });
    Flow::Remove
}

#[handler]
#[cfg(any())]
fn on_bytes(missing: &mut Missing) {}

fn main() -> io::Result<()> {
    let _ = |stream| Either { stream };
    let (mut reactor, mut log) = (Eventp::<Log>::new()?, Log::new());
    let (present, mut theirs) = UnixStream::pair()?;
    Fields { present, other: 0 }.register_into(&mut reactor)?;
    theirs.write_all(b"x")?;
    reactor.run_once_with(&mut log, Some(Duration::ZERO))?;
    drop(theirs);
    reactor.run_once_with(&mut log, Some(Duration::ZERO))?;
    assert_eq!(log, ["readable", "hangup"]);

    let (mut reactor, mut log) = (Eventp::<Log>::new()?, Log::new());
    let (ours, mut theirs) = UnixStream::pair()?;
    reactor.on(interest().read().with_fd(ours), on_bytes::handler)?;
    theirs.write_all(b"x")?;
    reactor.run_once_with(&mut log, Some(Duration::ZERO))?;
    assert_eq!(log, ["there"]);
    Ok(())
}
