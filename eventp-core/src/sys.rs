//! Every system call of the reactor, one function each.
//!
//! Contract of this layer: it knows no other module but [`Interest`]. It owns no memory that the kernel points into (`epoll` copies
//! its `data` word, it never follows it). Every function is safe to call with any argument: a wrong fd is an errno, not a
//! memory error. Errors are plain `io::Error`s with their errno; who calls adds the context (see `error.rs`).
//!
//! | call | when |
//! |---|---|
//! | `epoll_create1` | a reactor is made or rebuilt |
//! | `epoll_ctl` | `add`, `modify`, `delete`, rebuild |
//! | `epoll_wait` | once per turn; `epoll_pwait` where the kernel has no other, as on AArch64 |
//! | `eventfd2` | `Doorbell::new`, the first `remote()` |
//! | `write` | `Doorbell::ring`, `Remote::stop` |
//! | `read` | `Doorbell::ring` on a full counter |
//! | `close` | a reactor is dropped or rebuilt |
//! | `timerfd_create`, `timerfd_settime`, `timerfd_gettime`, `read` | `Timer`: new; armed or disarmed; `remaining`; `read` |
//! | `signalfd4`, `rt_sigprocmask`, `read` | `Signals`: new and drop; the same, and in a program that `Child::spawn` starts; `read` |
//! | `pidfd_open`, `ioctl`, `waitid`, `pidfd_send_signal` | `Child`: new; for each pipe; `read` and drop; `kill` |
//! | `kill` | `Child::kill_group` before Linux 6.9 |
//! | `ioctl`, `getsockopt`, `openat`, `statx`, `read`, `close` | the spin detector, about an fd that was reported in 1,000 turns in a row |

pub(crate) mod process;
pub(crate) mod signalfd;
pub(crate) mod timerfd;
#[cfg(any(debug_assertions, feature = "spin-detector"))]
pub(crate) mod traces;
mod wait;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use crate::interest::Interest;

/// One entry of a batch.
pub(crate) type Report = libc::epoll_event;

/// An empty entry, for buffers that the kernel fills.
pub(crate) const NO_REPORT: Report = Report { events: 0, u64: 0 };

/// An epoll instance.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the call above has just opened `fd`, and nobody else knows the number.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    #[inline]
    pub(crate) fn add(&self, fd: RawFd, interest: Interest, data: u64) -> io::Result<()> {
        self.ctl(libc::EPOLL_CTL_ADD, fd, &mut Report { events: interest.bits(), u64: data })
    }

    pub(crate) fn modify(&self, fd: RawFd, interest: Interest, data: u64) -> io::Result<()> {
        self.ctl(libc::EPOLL_CTL_MOD, fd, &mut Report { events: interest.bits(), u64: data })
    }

    /// Says whether there was a registration to remove.
    #[inline]
    pub(crate) fn delete(&self, fd: RawFd) -> bool {
        let (epoll, no_event) = (self.0.as_raw_fd(), core::ptr::null_mut());
        // SAFETY: the kernel does not look at the event, and takes null for it (Linux 2.6.9 and newer).
        unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, fd, no_event) == 0 }
    }

    #[inline]
    fn ctl(&self, operation: i32, fd: RawFd, event: &mut Report) -> io::Result<()> {
        // SAFETY: `event` lives across the call; the kernel copies it and keeps no pointer to it.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, fd, event) }).map(drop)
    }

    /// Has this instance be readable when `inner` has something to report.
    pub(crate) fn watch(&self, inner: &Self) -> io::Result<()> {
        self.add(inner.0.as_raw_fd(), crate::interest::interest().read(), 0)
    }

    pub(crate) fn unwatch(&self, inner: &Self) {
        self.delete(inner.0.as_raw_fd());
    }

    /// Another fd of the same instance.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// So many entries at most go into a buffer: more is `EINVAL`.
    pub(crate) const LARGEST_BUFFER: usize = i32::MAX as usize / size_of::<Report>();

    /// Waits for at most `timeout` milliseconds (-1: for ever) and says how many entries were filled.
    #[inline(always)]
    pub(crate) fn wait(&self, buffer: &mut [Report], timeout: i32) -> Waited {
        debug_assert!(buffer.len() <= Self::LARGEST_BUFFER);
        // Of a longer buffer, which there is none, the beginning: what the cast leaves is not above the length.
        let room = buffer.len() as i32;
        // SAFETY: the kernel writes at most `room` entries to `buffer`, which is that long and exclusively ours.
        let filled =
            unsafe { wait::epoll_wait(self.0.as_raw_fd(), buffer.as_mut_ptr(), room, timeout) };
        match filled {
            1.. => Waited::Filled(filled as usize),
            0 => Waited::Nothing,
            _ => Waited::Failed(-filled),
        }
    }
}

/// What came of a wait. Not a `Result<usize>`, so that the usual case is one test (callgrind).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waited {
    Filled(usize),
    Nothing,
    /// With this errno.
    Failed(i32),
}

/// A new eventfd with an empty counter.
pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the call above has just opened `fd`, and nobody else knows the number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Adds one to the counter.
pub(crate) fn eventfd_write(fd: BorrowedFd<'_>) -> io::Result<()> {
    let one = 1u64.to_ne_bytes();
    // SAFETY: the kernel reads the eight bytes of `one`, which lives across the call.
    match unsafe { libc::write(fd.as_raw_fd(), one.as_ptr().cast(), one.len()) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Empties the counter; it may be empty already.
pub(crate) fn eventfd_read(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut counter = [0u8; 8];
    // SAFETY: the kernel writes eight bytes to `counter`, which is that long.
    match unsafe { libc::read(fd.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len()) } {
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            error => Err(error),
        },
        _ => Ok(()),
    }
}

#[inline]
fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// Makes a call until no signal interrupts it.
fn retry(mut call: impl FnMut() -> isize) -> io::Result<()> {
    loop {
        if call() != -1 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error => return Err(error),
        }
    }
}

/// The `timeout` argument of `epoll_wait(2)`: milliseconds, rounded up so that the wait is never shorter than asked for, and
/// cut at the largest the call takes (24 days).
pub(crate) fn milliseconds(timeout: Duration) -> i32 {
    let whole = timeout.as_millis();
    let rounded = if timeout.subsec_nanos() % 1_000_000 == 0 { whole } else { whole + 1 };
    i32::try_from(rounded).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_rounded_up_to_milliseconds() {
        assert_eq!(milliseconds(Duration::ZERO), 0);
        assert_eq!(milliseconds(Duration::from_nanos(1)), 1);
        assert_eq!(milliseconds(Duration::from_millis(7)), 7);
        assert_eq!(milliseconds(Duration::from_micros(7_001)), 8);
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
    }
}
