//! An eventfd that is watched edge-triggered and never read.
//!
//! Each write to an eventfd is a new edge, whatever its counter is, so there is no need to read it: that saves a system call per event.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::failed;
use crate::interest::{Interest, interest};
use crate::sys;

/// An eventfd that says "something happened" to a reactor: from other threads, other processes, or a hypervisor.
///
/// Watch it for [`doorbell()`], which is edge-triggered, and do not read it: each [`ring`](Doorbell::ring) before the handler runs is one
/// event together with those before it; each one after is a new event. It can be a field with `#[fd(interest = doorbell)]`. As an
/// `OwnedFd`, it fits KVM's ioeventfds and irqfds.
///
/// # The counter
///
/// An eventfd counts its rings up to 2^64 - 2, which takes centuries at a billion a second. Should it be full, for instance because
/// somebody else wrote a large number, `ring` empties it and rings again.
///
/// ```
/// use std::{io, sync::Arc, thread};
/// # use eventp_core as eventp;
/// use eventp::{doorbell, Doorbell, Eventp, Flow};
///
/// # fn main() -> io::Result<()> {
/// let bell = Arc::new(Doorbell::new()?);
/// let mut reactor = Eventp::new()?;
/// reactor.on(doorbell().with_fd(Arc::clone(&bell)), |_| Flow::Stop)?;
/// let other = thread::spawn(move || bell.ring());
/// reactor.run()?;
/// other.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Doorbell(OwnedFd);

/// The interest in a [`Doorbell`], or in any eventfd that is not read: `read | edge_triggered`.
#[must_use]
pub const fn doorbell() -> Interest {
    interest().read().edge_triggered()
}

impl Doorbell {
    /// A new eventfd, non-blocking and closed on exec.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`), `OutOfMemory` (`ENOMEM`). `PermissionDenied` or
    /// `Unsupported` if a seccomp filter refuses the call (`EPERM`, `ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `eventfd2`.
    pub fn new() -> io::Result<Self> {
        sys::eventfd().map(Self).map_err(failed("eventfd2"))
    }

    /// Makes one more event. From any thread.
    ///
    /// # Errors
    ///
    /// As in `write(2)`. `EINVAL` if the fd that it was made from is no eventfd.
    ///
    /// # Implementation notes
    ///
    /// One `write`; a `read` and another `write` if the counter is full.
    pub fn ring(&self) -> io::Result<()> {
        match sys::eventfd_write(self.as_fd()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                sys::eventfd_read(self.as_fd())?;
                sys::eventfd_write(self.as_fd())
            }
            written => written,
        }
    }

    /// Another fd for the same counter.
    ///
    /// # Errors
    ///
    /// `EMFILE` and `ENFILE` as in `fcntl(2)`.
    ///
    /// # Implementation notes
    ///
    /// One `fcntl` (`F_DUPFD_CLOEXEC`).
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }
}

/// For an eventfd that was made elsewhere. A blocking one blocks [`ring`](Doorbell::ring) when its counter is full.
impl From<OwnedFd> for Doorbell {
    fn from(eventfd: OwnedFd) -> Self {
        Self(eventfd)
    }
}

impl From<Doorbell> for OwnedFd {
    fn from(doorbell: Doorbell) -> Self {
        doorbell.0
    }
}

impl AsFd for Doorbell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Doorbell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_counter_is_emptied_and_rung_again() {
        let bell = Doorbell::new().unwrap();
        let full = (u64::MAX - 1).to_ne_bytes();
        // SAFETY: eight bytes of `full` are read.
        let wrote = unsafe { libc::write(bell.as_raw_fd(), full.as_ptr().cast(), 8) };
        assert_eq!(wrote, 8);
        bell.ring().unwrap();
        let mut counter = [0u8; 8];
        // SAFETY: eight bytes are written to `counter`.
        let read = unsafe { libc::read(bell.as_raw_fd(), counter.as_mut_ptr().cast(), 8) };
        assert_eq!((read, u64::from_ne_bytes(counter)), (8, 1));
    }
}
