//! What the kernel reported: the `events` word of `epoll_wait(2)`.

use core::fmt;

/// What the kernel reported of a port.
///
/// ```
/// # use std::{io, os::unix::net::UnixStream, io::Write, time::Duration};
/// # use eventp_core::{interest, Eventp};
/// # fn main() -> io::Result<()> {
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let mut reactor = Eventp::new()?;
/// reactor.on(interest().read().with_fd(ours), |d| assert!(d.event.is_readable()))?;
/// theirs.write_all(b"x")?;
/// assert_eq!(reactor.run_once(Some(Duration::ZERO))?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Event(u32);

impl Event {
    /// `EPOLLIN`.
    pub(crate) const READABLE: u32 = libc::EPOLLIN as u32;
    /// `EPOLLOUT`.
    pub(crate) const WRITABLE: u32 = libc::EPOLLOUT as u32;
    /// `EPOLLPRI`.
    pub(crate) const PRIORITY: u32 = libc::EPOLLPRI as u32;
    /// `EPOLLERR`.
    pub(crate) const ERROR: u32 = libc::EPOLLERR as u32;
    /// `EPOLLHUP`.
    pub(crate) const HANGUP: u32 = libc::EPOLLHUP as u32;
    /// `EPOLLRDHUP`.
    pub(crate) const READ_CLOSED: u32 = libc::EPOLLRDHUP as u32;

    pub(crate) const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// Also something to read (`EPOLLIN`).
    #[must_use]
    pub const fn readable(self) -> Self {
        Self(self.0 | Self::READABLE)
    }

    /// Also room to write (`EPOLLOUT`).
    #[must_use]
    pub const fn writable(self) -> Self {
        Self(self.0 | Self::WRITABLE)
    }

    /// Also an exceptional condition (`EPOLLPRI`).
    #[must_use]
    pub const fn priority(self) -> Self {
        Self(self.0 | Self::PRIORITY)
    }

    /// Also an error (`EPOLLERR`).
    #[must_use]
    pub const fn error(self) -> Self {
        Self(self.0 | Self::ERROR)
    }

    /// Also that the peer hung up (`EPOLLHUP`).
    #[must_use]
    pub const fn hangup(self) -> Self {
        Self(self.0 | Self::HANGUP)
    }

    /// Also that the peer closed its writing half (`EPOLLRDHUP`).
    #[must_use]
    pub const fn read_closed(self) -> Self {
        Self(self.0 | Self::READ_CLOSED)
    }

    /// There is something to read, an end of file included (`EPOLLIN`).
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE != 0
    }

    /// There is room to write (`EPOLLOUT`).
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    /// There is an exceptional condition such as out-of-band data (`EPOLLPRI`).
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & Self::PRIORITY != 0
    }

    /// The fd is in error, or the reading end of a pipe was closed (`EPOLLERR`).
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & Self::ERROR != 0
    }

    /// The peer hung up in both directions (`EPOLLHUP`); there may still be something to read.
    #[must_use]
    pub const fn is_hangup(self) -> bool {
        self.0 & Self::HANGUP != 0
    }

    /// The peer closed its writing half (`EPOLLRDHUP`); reported only if
    /// [`read_hangup`](crate::Interest::read_hangup) was asked for.
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.0 & Self::READ_CLOSED != 0
    }

    /// The raw `EPOLL*` bits, as in `epoll_wait(2)`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// The start of an event that is made up, for [`trigger`](crate::Eventp::trigger): nothing yet.
///
/// ```
/// # use eventp_core as eventp;
/// use eventp::event;
///
/// let end = event().readable().read_closed();
/// assert!(end.is_readable() && !end.is_hangup());
/// assert_eq!(format!("{end:?}"), "readable | read_closed");
/// ```
#[must_use]
pub const fn event() -> Event {
    Event(0)
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: &[(u32, &str)] = &[
            (Event::READABLE, "readable"),
            (Event::WRITABLE, "writable"),
            (Event::PRIORITY, "priority"),
            (Event::ERROR, "error"),
            (Event::HANGUP, "hangup"),
            (Event::READ_CLOSED, "read_closed"),
        ];
        write_flags(f, self.0, NAMES)
    }
}

/// Writes the names of the bits that are set, joined by `|`; what has no name in hexadecimal; `none` for no bit.
pub(crate) fn write_flags(
    f: &mut fmt::Formatter<'_>,
    bits: u32,
    names: &[(u32, &str)],
) -> fmt::Result {
    let mut left = bits;
    let mut separator = "";
    for &(bit, name) in names {
        if bits & bit != 0 {
            write!(f, "{separator}{name}")?;
            separator = " | ";
            left &= !bit;
        }
    }
    match left {
        0 if bits == 0 => f.write_str("none"),
        0 => Ok(()),
        unknown => write!(f, "{separator}{unknown:#x}"),
    }
}
