//! A token bucket with a timerfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Lets so many bytes pass, then blocks until its timer says that the bucket is full again.
pub(crate) struct RateLimiter {
    name: &'static str,
    timer: TimerFd,
    size: usize,
    period: Duration,
    left: usize,
    is_blocked: bool,
    pub(crate) blocked: u32,
    pub(crate) refilled: u32,
}

impl RateLimiter {
    /// `size` must be as much as the longest frame at least, or that one never passes.
    pub(crate) fn new(name: &'static str, size: usize, period: Duration) -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        Ok(Self {
            name,
            timer,
            size,
            period,
            left: size,
            is_blocked: false,
            blocked: 0,
            refilled: 0,
        })
    }

    /// Whether so many bytes may pass now. If not, the timer runs.
    pub(crate) fn admit(&mut self, bytes: usize) -> io::Result<bool> {
        if !self.is_blocked && bytes > self.left {
            self.is_blocked = true;
            self.blocked += 1;
            self.timer.set(Expiration::OneShot(self.period.into()), TimerSetTimeFlags::empty())?;
            if self.blocked == 1 {
                println!("device: the {} limiter is empty and blocks", self.name);
            }
        }
        if self.is_blocked {
            return Ok(false);
        }
        self.left -= bytes;
        Ok(true)
    }

    /// Takes an admission back: the bytes did not pass after all.
    pub(crate) fn undo_admit(&mut self, bytes: usize) {
        self.left += bytes;
    }

    /// The timer's handler.
    pub(crate) fn refill(&mut self) -> io::Result<()> {
        match self.timer.wait() {
            Ok(()) => {}
            Err(Errno::EAGAIN) => return Ok(()), // a reactor may report more than there is, never less
            Err(error) => return Err(error.into()),
        }
        self.left = self.size;
        self.is_blocked = false;
        self.refilled += 1;
        if self.refilled == 1 {
            println!("device: the {} limiter is refilled by its timer", self.name);
        }
        Ok(())
    }
}

impl AsFd for RateLimiter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}
