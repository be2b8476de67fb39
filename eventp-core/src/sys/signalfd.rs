//! Signals as something to read (`signalfd(2)`), and the mask of blocked signals (`pthread_sigmask(3)`).

use core::mem::{MaybeUninit, zeroed};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::{check, retry};

/// More than the largest number of a signal, on any architecture.
pub(crate) const SIGNALS: usize = 128;

/// What the kernel tells of a signal.
pub(crate) type Info = libc::signalfd_siginfo;

/// A set of signals.
#[derive(Clone, Copy)]
pub(crate) struct SignalSet(libc::sigset_t);

impl SignalSet {
    /// What is no number of a signal is left out.
    pub(crate) fn of(numbers: impl IntoIterator<Item = i32>) -> Self {
        // SAFETY: made of integers, of which zero is a value. (`sigemptyset` of musl does not write all of it.)
        let mut set: libc::sigset_t = unsafe { zeroed() };
        // SAFETY: `set` lives across the call.
        unsafe { libc::sigemptyset(&mut set) };
        for number in numbers {
            // SAFETY: `set` is initialised and lives across the call, which refuses numbers that it has no place for.
            unsafe { libc::sigaddset(&mut set, number) };
        }
        Self(set)
    }

    pub(crate) fn contains(&self, number: i32) -> bool {
        // SAFETY: the set is initialised and lives across the call, which refuses numbers that it has no place for.
        unsafe { libc::sigismember(&self.0, number) == 1 }
    }
}

/// The numbers that a program can use: the C library keeps those between for itself.
pub(crate) fn is_signal(number: i32) -> bool {
    (1..32).contains(&number) || (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number)
}

/// Blocks signals in this thread, and gives the mask before.
pub(crate) fn block(set: &SignalSet) -> io::Result<SignalSet> {
    change_mask(libc::SIG_BLOCK, set)
}

/// Unblocks signals in this thread. May be called between `fork` and `exec`.
pub(crate) fn unblock(set: &SignalSet) -> io::Result<()> {
    change_mask(libc::SIG_UNBLOCK, set).map(drop)
}

fn change_mask(how: i32, set: &SignalSet) -> io::Result<SignalSet> {
    let mut former = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both sets live across the call, which reads the one and writes the other.
    match unsafe { libc::pthread_sigmask(how, &set.0, former.as_mut_ptr()) } {
        // SAFETY: made of integers: zeros, and what the call wrote over them.
        0 => Ok(SignalSet(unsafe { former.assume_init() })),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// A new signalfd for these signals.
pub(crate) fn create(set: &SignalSet) -> io::Result<OwnedFd> {
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: `set` lives across the call; the kernel copies it.
    let fd = check(unsafe { libc::signalfd(-1, &set.0, flags) })?;
    // SAFETY: the call above has just opened `fd`, and nobody else knows the number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Has a signalfd be for these signals instead.
pub(crate) fn change(fd: BorrowedFd<'_>, set: &SignalSet) -> io::Result<()> {
    // SAFETY: `set` lives across the call; the kernel copies it.
    check(unsafe { libc::signalfd(fd.as_raw_fd(), &set.0, 0) }).map(drop)
}

/// Takes the next signal.
pub(crate) fn read(fd: BorrowedFd<'_>) -> io::Result<Info> {
    let mut info = MaybeUninit::<Info>::zeroed();
    let (place, length) = (info.as_mut_ptr().cast(), size_of::<Info>());
    // SAFETY: the kernel writes one record at most, which is how long `info` is.
    retry(|| unsafe { libc::read(fd.as_raw_fd(), place, length) })?;
    // SAFETY: made of integers: zeros, and what the kernel wrote over them.
    Ok(unsafe { info.assume_init() })
}
