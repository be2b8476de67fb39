//! Timers of the kernel (`timerfd_create(2)`).
//!
//! One clock serves all of them. `CLOCK_REALTIME` is the clock for absolute times; a relative time on it is counted by the monotonic
//! clock, as POSIX demands of `CLOCK_REALTIME` and as `hrtimer_setup` in the kernel does, so that setting the clock does not touch it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::{check, retry};

/// When a timer fires first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First {
    /// After so much time.
    After(Duration),
    /// At so much time after the beginning of 1970.
    At(Duration),
    /// Never: it is disarmed.
    Never,
}

/// A new timer, disarmed.
pub(crate) fn create() -> io::Result<OwnedFd> {
    let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
    // SAFETY: takes no pointer.
    let fd = check(unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, flags) })?;
    // SAFETY: the call above has just opened `fd`, and nobody else knows the number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Arms a timer anew; a `period` of zero is none. Expirations that were not read are forgotten.
pub(crate) fn arm(fd: BorrowedFd<'_>, first: First, period: Duration) -> io::Result<()> {
    let (flags, first) = match first {
        // A zero would disarm it. A nanosecond later is as soon as can be.
        First::After(time) => (0, time.max(Duration::from_nanos(1))),
        First::At(time) => (libc::TFD_TIMER_ABSTIME, time.max(Duration::from_nanos(1))),
        First::Never => (0, Duration::ZERO),
    };
    let mut setting = no_setting();
    write_time(&mut setting.it_value, first);
    write_time(&mut setting.it_interval, period);
    let no_answer = core::ptr::null_mut();
    // SAFETY: `setting` lives across the call; the kernel copies it, and takes null for an answer that is not wanted.
    check(unsafe { libc::timerfd_settime(fd.as_raw_fd(), flags, &setting, no_answer) }).map(drop)
}

/// How long it is until the next expiration; zero if disarmed.
pub(crate) fn remaining(fd: BorrowedFd<'_>) -> io::Result<Duration> {
    let mut setting = no_setting();
    // SAFETY: the kernel writes an `itimerspec` to `setting`, which lives across the call.
    check(unsafe { libc::timerfd_gettime(fd.as_raw_fd(), &mut setting) })?;
    let time = setting.it_value;
    // Neither is negative, and there are fewer nanoseconds than a second has.
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Takes the number of expirations since it was asked or armed last.
pub(crate) fn read(fd: BorrowedFd<'_>) -> io::Result<u64> {
    let mut expirations = 0u64;
    let (place, length) = ((&raw mut expirations).cast(), size_of::<u64>());
    // SAFETY: the kernel writes eight bytes, which is how long `expirations` is; any eight bytes are a `u64`.
    retry(|| unsafe { libc::read(fd.as_raw_fd(), place, length) })?;
    Ok(expirations)
}

/// On 32-bit targets the type has padding that cannot be named.
fn no_setting() -> libc::itimerspec {
    // SAFETY: it is made of integers, of which zero is a value.
    unsafe { core::mem::zeroed() }
}

/// Cut at the longest there is: 292 years in the kernel, and on some 32-bit targets 68 in the type.
fn write_time(place: &mut libc::timespec, time: Duration) {
    place.tv_sec = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    place.tv_nsec = time.subsec_nanos() as _;
}
