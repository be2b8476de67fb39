//! A timer that is an fd.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, SystemTime};

use super::{failed, invalid};
use crate::sys::timerfd::{self, First};

/// A timer: readable when its time has come, once, again and again, or at a time of the day.
///
/// Watch it for reading. [`read`](Timer::read) says how often it has expired since it was read last, and makes it unreadable. A handler that does
/// not read is called again at once if it is level-triggered, and never again by a periodic timer if it is edge-triggered. A timer can be
/// armed anew at any time, also by its own handler.
///
/// It never expires early. How late its handler is called depends on the kernel's scheduler and on what else the reactor does.
///
/// ```
/// use std::{io, time::Duration};
/// # use eventp_core as eventp;
/// use eventp::{Eventp, Flow, Timer, interest};
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::<u64>::new()?;
/// let tick = Timer::every(Duration::from_millis(5))?;
/// reactor.on(interest().read().with_fd(tick), |d| {
///     *d.state += d.fd.read()?;
///     Ok(if *d.state < 3 { Flow::Keep } else { Flow::Stop })
/// })?;
/// let mut ticks = 0;
/// reactor.run_with(&mut ticks)?;
/// assert!(ticks >= 3);
/// # Ok(())
/// # }
/// ```
///
/// # Clocks
///
/// [`once`](Timer::once) and [`every`](Timer::every) count by the monotonic clock: setting the system's clock changes nothing, and time in which the
/// machine is suspended does not count. [`at`](Timer::at) goes by the system's clock: if it is set, the timer still expires when the clock
/// shows that time, and at once if it has passed.
///
/// # Arming
///
/// A zero duration and a time in the past mean "at once"; they do not disarm, as they would in `timerfd_settime(2)`. Durations that are too long for
/// the kernel are cut to 292 years. Whatever arms or disarms a timer makes it forget expirations that were not read.
#[derive(Debug)]
pub struct Timer(OwnedFd);

impl Timer {
    /// A timer that is not armed.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`), `OutOfMemory` (`ENOMEM`). `PermissionDenied` or
    /// `Unsupported` if a seccomp filter refuses the call (`EPERM`, `ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_create` with `TFD_CLOEXEC` and `TFD_NONBLOCK`.
    pub fn new() -> io::Result<Self> {
        timerfd::create().map(Self).map_err(failed("timerfd_create"))
    }

    /// A timer that expires once, after `duration`.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Timer::new).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_create` and one `timerfd_settime`.
    pub fn once(duration: Duration) -> io::Result<Self> {
        let timer = Self::new()?;
        timer.set_once(duration)?;
        Ok(timer)
    }

    /// A timer that expires each time `period` has passed, from now on.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Timer::new), and `InvalidInput` if `period` is zero.
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_create` and one `timerfd_settime`.
    pub fn every(period: Duration) -> io::Result<Self> {
        let timer = Self::new()?;
        timer.set_every(period)?;
        Ok(timer)
    }

    /// A timer that expires once, when the system's clock shows `time`.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// # use eventp_core as eventp;
    /// use eventp::Timer;
    ///
    /// let in_an_hour = Timer::at(SystemTime::now() + Duration::from_secs(3600))?;
    /// assert!(in_an_hour.remaining()?.is_some_and(|it| it <= Duration::from_secs(3600)));
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`new`](Timer::new).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_create` and one `timerfd_settime` with `TFD_TIMER_ABSTIME`.
    pub fn at(time: SystemTime) -> io::Result<Self> {
        let timer = Self::new()?;
        timer.set_at(time)?;
        Ok(timer)
    }

    /// Arms the timer anew, for one expiration after `duration`.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` or `Unsupported` if a seccomp filter refuses the call (`EPERM`, `ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_settime`.
    pub fn set_once(&self, duration: Duration) -> io::Result<()> {
        self.set(First::After(duration), Duration::ZERO)
    }

    /// Arms the timer anew, for an expiration each time `period` has passed.
    ///
    /// # Errors
    ///
    /// Those of [`set_once`](Timer::set_once), and `InvalidInput` if `period` is zero.
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_settime`.
    pub fn set_every(&self, period: Duration) -> io::Result<()> {
        if period.is_zero() {
            let rule = "a period of zero would keep the timer expired for ever; give a longer one";
            return Err(invalid("timerfd_settime", rule));
        }
        self.set(First::After(period), period)
    }

    /// Arms the timer anew, for one expiration when the system's clock shows `time`.
    ///
    /// # Errors
    ///
    /// Those of [`set_once`](Timer::set_once).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_settime` with `TFD_TIMER_ABSTIME`.
    pub fn set_at(&self, time: SystemTime) -> io::Result<()> {
        // What is before 1970 has passed as well as its beginning has.
        let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.set(First::At(since_1970), Duration::ZERO)
    }

    /// Has the timer not expire any more, until it is armed anew.
    ///
    /// # Errors
    ///
    /// Those of [`set_once`](Timer::set_once).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_settime`.
    pub fn disarm(&self) -> io::Result<()> {
        self.set(First::Never, Duration::ZERO)
    }

    fn set(&self, first: First, period: Duration) -> io::Result<()> {
        timerfd::arm(self.as_fd(), first, period).map_err(failed("timerfd_settime"))
    }

    /// How long it is until the next expiration; `None` if there is none to come.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` or `Unsupported` if a seccomp filter refuses the call (`EPERM`, `ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `timerfd_gettime`.
    pub fn remaining(&self) -> io::Result<Option<Duration>> {
        let remaining = timerfd::remaining(self.as_fd()).map_err(failed("timerfd_gettime"))?;
        Ok(Some(remaining).filter(|it| !it.is_zero()))
    }

    /// Takes the number of expirations since the timer was read or armed last: more than one if a periodic timer was read late.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there were none.
    ///
    /// # Implementation notes
    ///
    /// One `read`.
    pub fn read(&self) -> io::Result<u64> {
        timerfd::read(self.as_fd()).map_err(failed("read"))
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<Timer> for OwnedFd {
    fn from(timer: Timer) -> Self {
        timer.0
    }
}
