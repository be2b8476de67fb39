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
//! | `epoll_wait` | once per turn |
//! | `eventfd2` | `Doorbell::new`, the first `remote()` |
//! | `write` | `Doorbell::ring`, `Remote::stop` |
//! | `read` | `Doorbell::ring` on a full counter |
//! | `close` | a reactor is dropped or rebuilt |

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

    pub(crate) fn add(&self, fd: RawFd, interest: Interest, data: u64) -> io::Result<()> {
        self.ctl(libc::EPOLL_CTL_ADD, fd, interest.bits(), data)
    }

    pub(crate) fn modify(&self, fd: RawFd, interest: Interest, data: u64) -> io::Result<()> {
        self.ctl(libc::EPOLL_CTL_MOD, fd, interest.bits(), data)
    }

    pub(crate) fn delete(&self, fd: RawFd) -> io::Result<()> {
        self.ctl(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    fn ctl(&self, operation: i32, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
        let mut event = Report { events, u64: data };
        // SAFETY: `event` lives across the call; the kernel copies it and keeps no pointer to it.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, fd, &mut event) }).map(drop)
    }

    /// Waits for at most `timeout` milliseconds (-1: for ever) and says how many entries were filled.
    pub(crate) fn wait(&self, buffer: &mut [Report], timeout: i32) -> io::Result<usize> {
        // More than this is `EINVAL`.
        const MOST: usize = i32::MAX as usize / size_of::<Report>();
        let room = buffer.len().min(MOST) as i32;
        // SAFETY: the kernel writes at most `room` entries to `buffer`, which is that long and exclusively ours.
        let filled = check(unsafe {
            libc::epoll_wait(self.0.as_raw_fd(), buffer.as_mut_ptr(), room, timeout)
        })?;
        Ok(filled as usize)
    }
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

fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(returned) }
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
