//! A reactor inside of another loop: an fd that says when it has something to do.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::error::Error;
use crate::reactor::Eventp;
use crate::todo::Todo;

/// An fd that is readable when a reactor has something to do; made by [`Eventp::readiness`].
///
/// Watch it for reading, level-triggered or edge-triggered, in another reactor, in tokio's `AsyncFd`, or by `poll(2)`, and call
/// [`run_once`](Eventp::run_once) with a timeout of zero when it is ready: once if level-triggered, until it answers 0 if edge-triggered.
/// It leads to an epoll instance that watches the reactor's own, and not to that: whatever is done to it, the reactor's registrations
/// stay as they are.
///
/// ```
/// use std::{io, time::Duration};
/// # use eventp_core as eventp;
/// use eventp::{Eventp, interest};
///
/// # fn main() -> io::Result<()> {
/// let mut inner = Eventp::<u32>::new()?;
/// let remote = inner.remote()?;
/// let mut outer = Eventp::<u32>::new()?;
/// outer.on(interest().read().with_fd(inner.readiness()?), move |d| {
///     inner.run_once_with(d.state, Some(Duration::ZERO)).map(drop)
/// })?;
/// remote.send(|calls, _| *calls += 1)?;
/// let mut calls = 0;
/// outer.run_once_with(&mut calls, None)?;
/// assert_eq!(calls, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Readiness(OwnedFd);

impl<S> Eventp<S> {
    /// An fd that is readable when this reactor has something to do, for nesting it in another loop.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`), `OutOfMemory` (`ENOMEM`), `StorageFull` (`ENOSPC`).
    ///
    /// # Implementation notes
    ///
    /// The first call makes an epoll instance (`epoll_create1`, `epoll_ctl`) and the eventfd of [`remote`](Eventp::remote); each call duplicates an
    /// fd (`fcntl`). Events pass without further system calls; what the kernel does not know of, such as
    /// [`trigger`](Eventp::trigger), costs a `write`.
    pub fn readiness(&mut self) -> io::Result<Readiness> {
        self.bell()?;
        let outer = self.engine.outer().and_then(|outer| outer.duplicate());
        let readiness = Readiness(outer.map_err(|error| Error::of("readiness", error))?);
        if self.engine.todo.has(Todo::BATCH.and(Todo::TRIGGER).and(Todo::TELL)) {
            self.engine.call_attention(); // what was left undone before anybody could be told
        }
        Ok(readiness)
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Readiness {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
