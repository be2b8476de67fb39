//! Pure dispatch: level-triggered eventfds that are always ready, with a handler that only counts.
//!
//! `scripts/dispatch-cost` runs it under callgrind. Arguments: how many eventfds, how many turns.

use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use eventp_core::{
    Dispatch, Eventp, EventpOps, Flow, Handler, HasInterest, Interest, Register, interest,
};

struct Counter {
    eventfd: OwnedFd,
    count: u64,
}

impl AsFd for Counter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}

impl HasInterest for Counter {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl<Ep: EventpOps> Handler<Ep> for Counter {
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        dispatch.fd.count += 1;
        Ok(Flow::Keep)
    }
}

fn ready_eventfd() -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::eventfd(1, libc::EFD_CLOEXEC) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and nobody else knows the number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes it possible that there is a subscriber to spans: else the compiler sees that nobody can set one, and leaves out the test for one.
#[cfg(feature = "tracing")]
fn perhaps_subscribe() {
    if env::var_os("READY_WANTS_NO_SPANS").is_some() {
        _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    }
}

#[cfg(not(feature = "tracing"))]
fn perhaps_subscribe() {}

/// The loop, in a function of its own so that `scripts/dispatch-cost --disassembly` finds it.
#[inline(never)]
fn run(reactor: &mut Eventp, turns: usize) -> io::Result<usize> {
    let mut handled = 0;
    for _ in 0..turns {
        handled += reactor.run_once(None)?;
    }
    Ok(handled)
}

fn main() -> io::Result<()> {
    perhaps_subscribe();
    let mut arguments = env::args().skip(1).map(|text| text.parse::<usize>().expect("a number"));
    let (fds, turns) = (arguments.next().unwrap_or(64), arguments.next().unwrap_or(1_000));
    let mut reactor = Eventp::builder().capacity(fds.max(1)).build()?;
    let mut handles = Vec::new();
    for _ in 0..fds {
        handles.push(Counter { eventfd: ready_eventfd()?, count: 0 }.register_into(&mut reactor)?);
    }
    let handled = run(&mut reactor, turns)?;
    let mut counted = 0;
    for handle in handles {
        counted += reactor.take(handle)?.count;
    }
    assert_eq!((handled, counted), (fds * turns, handled as u64), "every event was handled");
    println!("{handled} events");
    Ok(())
}
