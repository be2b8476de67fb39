//! What is asked of the kernel: the `events` word of `epoll_ctl(2)`, as two types.
//!
//! [`Interest`] has every flag but exclusive, [`Exclusive`] only the flags that go with it, so that what `epoll_ctl(2)`
//! refuses does not compile. Both are plain values over the raw bits; an [`Exclusive`] converts into an [`Interest`]
//! when it is registered, which is how a handler can be told the interest of an exclusive registration.

use core::fmt;

use crate::builder::{FdSource, HandlerSource};
use crate::event::write_flags;
use crate::flow::IntoFlow;
use crate::ops::EventpOps;
use crate::subscriber::Dispatch;

const READ: u32 = libc::EPOLLIN as u32;
const WRITE: u32 = libc::EPOLLOUT as u32;
const PRIORITY: u32 = libc::EPOLLPRI as u32;
const READ_HANGUP: u32 = libc::EPOLLRDHUP as u32;
const EXCLUSIVE: u32 = libc::EPOLLEXCLUSIVE as u32;
const WAKEUP: u32 = libc::EPOLLWAKEUP as u32;
const ONESHOT: u32 = libc::EPOLLONESHOT as u32;
const EDGE_TRIGGERED: u32 = libc::EPOLLET as u32;

/// What a port asks of the kernel.
///
/// Built from [`interest()`]; level-triggered unless [`edge_triggered`](Interest::edge_triggered) is said. Error and
/// hang-up are reported always and cannot be asked for (`epoll_ctl(2)`).
///
/// ```
/// # use eventp_core as eventp;
/// use eventp::interest;
///
/// let mut wanted = interest().read();
/// let backlog = true;
/// if backlog {
///     wanted = wanted.write();
/// }
/// assert!(wanted.is_write());
/// assert_eq!(format!("{wanted:?}"), "read | write");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Interest(u32);

/// The start of every [`Interest`]: nothing but error and hang-up, which the kernel reports always.
///
/// ```
/// # use eventp_core as eventp;
/// use eventp::interest;
///
/// let wanted = interest().read().read_hangup().edge_triggered();
/// assert_eq!(format!("{wanted:?}"), "read | read_hangup | edge_triggered");
/// ```
#[must_use]
pub const fn interest() -> Interest {
    Interest(0)
}

/// The start of every [`Exclusive`] interest: of several epoll instances that watch the fd, at least one, not each, is
/// woken (`EPOLLEXCLUSIVE`).
///
/// Such a registration cannot be modified (`epoll_ctl(2)`), only deleted and added again.
///
/// ```
/// # use eventp_core as eventp;
/// use eventp::exclusive;
///
/// assert_eq!(format!("{:?}", exclusive().read()), "read | exclusive");
/// ```
#[must_use]
pub const fn exclusive() -> Exclusive {
    Exclusive(EXCLUSIVE)
}

impl Interest {
    /// Nothing but error and hang-up, which the kernel reports always; the same as [`interest()`].
    ///
    /// They are reported level-triggered: a port that is hung up and stays so is reported in every turn. To pause a port, use
    /// [`PAUSED`](Interest::PAUSED).
    pub const NONE: Self = interest();

    /// Nothing, with error and hang-up reported once: the interest of a port that is to rest for a while, for instance until the data it gave
    /// has been passed on. `modify` to the old interest reports what has happened meanwhile.
    pub const PAUSED: Self = interest().edge_triggered();

    /// Also data to read (`EPOLLIN`).
    #[must_use]
    pub const fn read(self) -> Self {
        Self(self.0 | READ)
    }

    /// Also room to write (`EPOLLOUT`).
    #[must_use]
    pub const fn write(self) -> Self {
        Self(self.0 | WRITE)
    }

    /// Also an exceptional condition such as out-of-band data (`EPOLLPRI`).
    #[must_use]
    pub const fn priority(self) -> Self {
        Self(self.0 | PRIORITY)
    }

    /// Also that the peer closed its writing half (`EPOLLRDHUP`).
    #[must_use]
    pub const fn read_hangup(self) -> Self {
        Self(self.0 | READ_HANGUP)
    }

    /// Report each change once, not the state again and again (`EPOLLET`).
    #[must_use]
    pub const fn edge_triggered(self) -> Self {
        Self(self.0 | EDGE_TRIGGERED)
    }

    /// Be silent after one report until the next `modify` (`EPOLLONESHOT`).
    #[must_use]
    pub const fn oneshot(self) -> Self {
        Self(self.0 | ONESHOT)
    }

    /// Keep the system awake while the event is handled (`EPOLLWAKEUP`).
    ///
    /// The kernel ignores the flag without a word for a process that lacks `CAP_BLOCK_SUSPEND`.
    #[must_use]
    pub const fn wakeup(self) -> Self {
        Self(self.0 | WAKEUP)
    }

    /// This interest and the flags of `other`.
    ///
    /// ```
    /// # use eventp_core as eventp;
    /// use eventp::interest;
    ///
    /// let base = interest().read();
    /// assert_eq!(base.with(interest().write()).without(interest().read()), interest().write());
    /// ```
    #[must_use]
    pub const fn with(self, other: Interest) -> Self {
        Self(self.0 | other.0)
    }

    /// This interest less the flags of `other`.
    #[must_use]
    pub const fn without(self, other: Interest) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all flags of `other` are in this interest.
    #[must_use]
    pub const fn contains(self, other: Interest) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether data to read is asked for.
    #[must_use]
    pub const fn is_read(self) -> bool {
        self.0 & READ != 0
    }

    /// Whether room to write is asked for.
    #[must_use]
    pub const fn is_write(self) -> bool {
        self.0 & WRITE != 0
    }

    /// Whether exceptional conditions are asked for.
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Whether the end of the peer's writing is asked for.
    #[must_use]
    pub const fn is_read_hangup(self) -> bool {
        self.0 & READ_HANGUP != 0
    }

    /// Whether changes are reported rather than states.
    #[must_use]
    pub const fn is_edge_triggered(self) -> bool {
        self.0 & EDGE_TRIGGERED != 0
    }

    /// Whether one report silences the port.
    #[must_use]
    pub const fn is_oneshot(self) -> bool {
        self.0 & ONESHOT != 0
    }

    /// Whether the system is kept awake while the event is handled.
    #[must_use]
    pub const fn is_wakeup(self) -> bool {
        self.0 & WAKEUP != 0
    }

    /// Whether the registration is exclusive, see [`exclusive()`].
    #[must_use]
    pub const fn is_exclusive(self) -> bool {
        self.0 & EXCLUSIVE != 0
    }

    /// The raw `EPOLL*` bits, as in `epoll_ctl(2)`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// This interest in an fd: the first argument of [`Eventp::on`](crate::Eventp::on), or a start of the chained form. An fd is whatever implements
    /// `AsFd`, by value or shared in an `Rc` or an `Arc`: the reactor owns it from then on.
    pub fn with_fd<Fd>(self, fd: Fd) -> FdSource<Fd> {
        FdSource::new(self, fd)
    }

    /// This interest with its handler, to which an fd is still to come.
    pub fn with_handler<Fd, F, R, Ep>(self, handler: F) -> HandlerSource<F, R::Answer>
    where
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
        R: IntoFlow,
        Ep: EventpOps,
    {
        HandlerSource::new(self, handler)
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: &[(u32, &str)] = &[
            (READ, "read"),
            (WRITE, "write"),
            (PRIORITY, "priority"),
            (READ_HANGUP, "read_hangup"),
            (EDGE_TRIGGERED, "edge_triggered"),
            (ONESHOT, "oneshot"),
            (EXCLUSIVE, "exclusive"),
            (WAKEUP, "wakeup"),
        ];
        write_flags(f, self.0, NAMES)
    }
}

/// An interest that wakes one of several watching epoll instances; built from [`exclusive()`].
///
/// It has only the flags that `epoll_ctl(2)` accepts beside `EPOLLEXCLUSIVE`, and no place in `modify`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Exclusive(u32);

impl Exclusive {
    /// Also data to read (`EPOLLIN`).
    #[must_use]
    pub const fn read(self) -> Self {
        Self(self.0 | READ)
    }

    /// Also room to write (`EPOLLOUT`).
    #[must_use]
    pub const fn write(self) -> Self {
        Self(self.0 | WRITE)
    }

    /// Report each change once, not the state again and again (`EPOLLET`).
    #[must_use]
    pub const fn edge_triggered(self) -> Self {
        Self(self.0 | EDGE_TRIGGERED)
    }

    /// Keep the system awake while the event is handled (`EPOLLWAKEUP`); see [`Interest::wakeup`].
    #[must_use]
    pub const fn wakeup(self) -> Self {
        Self(self.0 | WAKEUP)
    }

    pub(crate) const fn into_interest(self) -> Interest {
        Interest(self.0)
    }

    /// This interest in an fd, as [`Interest::with_fd`].
    pub fn with_fd<Fd>(self, fd: Fd) -> FdSource<Fd> {
        Interest::from(self).with_fd(fd)
    }

    /// This interest with its handler, as [`Interest::with_handler`].
    pub fn with_handler<Fd, F, R, Ep>(self, handler: F) -> HandlerSource<F, R::Answer>
    where
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
        R: IntoFlow,
        Ep: EventpOps,
    {
        Interest::from(self).with_handler(handler)
    }
}

impl From<Exclusive> for Interest {
    fn from(exclusive: Exclusive) -> Self {
        exclusive.into_interest()
    }
}

impl fmt::Debug for Exclusive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Interest::from(*self).fmt(f)
    }
}
