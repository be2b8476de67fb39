//! Signals as events.
//!
//! In come the numbers of signals, out go records of who sent which. What must stay true: a signal is blocked in the thread that made the
//! [`Signals`] as long as one of that thread's listens to it, and then again as it was before; and no program that [`Child`](super::Child) starts
//! inherits the block.

use core::cell::Cell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{Command, ExitStatus};
use std::thread::{self, ThreadId};

use super::{failed, invalid};
use crate::sys::process;
use crate::sys::signalfd::{self, SIGNALS, SignalSet};

/// Which signals a [`Signals`] of the process has ever listened to. For good: threads that were started meanwhile have them blocked still.
static LISTENED: [AtomicBool; SIGNALS] = [const { AtomicBool::new(false) }; SIGNALS];

thread_local! {
    /// How many of this thread hold each signal blocked that was not blocked before.
    static BLOCKERS: [Cell<u32>; SIGNALS] = const { [const { Cell::new(0) }; SIGNALS] };
}

/// Signals, as events rather than interruptions.
///
/// Watch it for reading; [`read`](Signals::read) gives the next signal, with its sender. Numbers are those of the `libc` crate (`libc::SIGINT`).
///
/// # Threads
///
/// A signal becomes an event only where it is blocked: [`new`](Signals::new) blocks the signals in the thread that calls it, and threads inherit
/// that from the one that starts them. **So make it before other threads are started**, or the kernel finds a thread that does not block them
/// and does there what it does by default, which is mostly to end the process. It can then be sent to the thread that has the reactor.
///
/// # Child processes
///
/// Blocked signals are inherited by programs, too, and [`std::process::Command`] leaves it at that: a program that was started by it could not be
/// ended by Ctrl-C. [`Child::spawn`](crate::Child::spawn) unblocks in the new program what any `Signals` listens to or has listened to.
///
/// # Dropping
///
/// When the thread's last `Signals` for a signal is dropped, the signal is unblocked, unless it was blocked before. What has come by then and was
/// not read is gone, as what was not read from a socket is: a handler that stops the reactor need not read. Dropped on another thread
/// than it was made on, it leaves all masks as they are.
///
/// # What the kernel promises
///
/// Several of one standard signal that wait are one; real-time signals are queued. `SIGKILL` and `SIGSTOP` cannot be read. Nor can what the
/// processor raises (`SIGSEGV` and the like) for an instruction at fault: that ends a process in which it is blocked.
///
/// ```
/// use std::{io, process::Command};
/// # use eventp_core as eventp;
/// use eventp::{Child, Eventp, Flow, Signals, interest};
///
/// # fn main() -> io::Result<()> {
/// let signals = Signals::new(&[libc::SIGINT, libc::SIGTERM])?; // before any thread is started
/// let mut reactor = Eventp::<i32>::new()?;
/// reactor.on(interest().read().with_fd(signals), |d| {
///     *d.state = d.fd.read()?.number();
///     Ok(Flow::Stop)
/// })?;
/// let kill = format!("kill -TERM {}", std::process::id());
/// Child::spawn(Command::new("sh").args(["-c", &kill]))?;
/// let mut got = 0;
/// reactor.run_with(&mut got)?;
/// assert_eq!(got, libc::SIGTERM);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
    #[expect(dead_code, reason = "`Debug` shows them")]
    numbers: Vec<i32>,
    /// Those that were not blocked before the first that listens to them on this thread.
    blocked: Vec<i32>,
    thread: ThreadId,
}

impl Signals {
    /// Blocks signals in this thread, and listens to them.
    ///
    /// # Errors
    ///
    /// - `InvalidInput`: a number is none of a signal, or of one that cannot be blocked.
    /// - `QuotaExceeded` (`EMFILE`, `ENFILE`), `OutOfMemory` (`ENOMEM`).
    /// - `PermissionDenied` or `Unsupported` if a seccomp filter refuses a call (`EPERM`, `ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `signalfd4` with `SFD_CLOEXEC` and `SFD_NONBLOCK`, and one `rt_sigprocmask`.
    pub fn new(numbers: &[i32]) -> io::Result<Self> {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.iter().try_for_each(|&number| check(number))?;

        let set = SignalSet::of(numbers.iter().copied());
        let fd = signalfd::create(&set).map_err(failed("signalfd4"))?;
        let former = signalfd::block(&set).map_err(failed("rt_sigprocmask"))?;
        let is_ours =
            |&number: &i32| blockers(number, |it| it.get() > 0) || !former.contains(number);
        let blocked: Vec<i32> = numbers.iter().copied().filter(is_ours).collect();
        blocked.iter().for_each(|&number| blockers(number, |it| it.set(it.get() + 1)));
        numbers.iter().for_each(|&it| LISTENED[it as usize].store(true, Ordering::Relaxed));
        Ok(Self { fd, numbers, blocked, thread: thread::current().id() })
    }

    /// Takes the next signal.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none.
    ///
    /// # Implementation notes
    ///
    /// One `read`.
    pub fn read(&self) -> io::Result<Signal> {
        signalfd::read(self.as_fd()).map(Signal).map_err(failed("read"))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if self.thread != thread::current().id() {
            return;
        }
        let is_last = |&number: &i32| {
            blockers(number, |it| {
                it.set(it.get() - 1);
                it.get() == 0
            })
        };
        let free = SignalSet::of(self.blocked.iter().copied().filter(is_last));
        // What waits would have its usual effect, which is mostly to end the process: long after it was an event.
        if signalfd::change(self.as_fd(), &free).is_ok() {
            while self.read().is_ok() {}
        }
        // It fails only where seccomp refuses it, and then there is nothing to be done.
        let _ = signalfd::unblock(&free);
    }
}

fn check(number: i32) -> io::Result<()> {
    let rule = match number {
        libc::SIGKILL => "`SIGKILL` cannot be blocked, so it cannot be read; leave it out",
        libc::SIGSTOP => "`SIGSTOP` cannot be blocked, so it cannot be read; leave it out",
        _ if !signalfd::is_signal(number) => {
            let rule = "is no number of a signal; use the constants of `libc`, or 1 to 31 and `SIGRTMIN()` to `SIGRTMAX()`";
            return Err(invalid("signalfd4", format!("{number} {rule}")));
        }
        _ => return Ok(()),
    };
    Err(invalid("signalfd4", rule))
}

fn blockers<R>(number: i32, ask: impl FnOnce(&Cell<u32>) -> R) -> R {
    BLOCKERS.with(|all| ask(&all[number as usize]))
}

/// Has the program that a command starts begin with those signals unblocked that are blocked for our sake.
pub(super) fn unblock_in(command: &mut Command) {
    let listened: Vec<i32> =
        (1..SIGNALS as i32).filter(|&it| LISTENED[it as usize].load(Ordering::Relaxed)).collect();
    // Else nothing is asked of the standard library, which then has the faster way of starting a program (`posix_spawn`).
    if !listened.is_empty() {
        process::unblock_in(command, SignalSet::of(listened));
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// A signal that was read: which, from whom, and with what.
#[derive(Clone, Copy)]
pub struct Signal(signalfd::Info);

impl Signal {
    /// Which signal it is.
    #[must_use]
    pub fn number(&self) -> i32 {
        self.0.ssi_signo as i32
    }

    /// Why it was sent: `SI_USER` (by `kill`), `SI_QUEUE`, `SI_KERNEL`, `CLD_EXITED` and so on, as in `sigaction(2)`.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.0.ssi_code
    }

    /// The process that sent it, or the child that a `SIGCHLD` is about; `None` if the kernel sent it for another reason, such as Ctrl-C
    /// at a terminal, or for a process that is not visible here (`pid_namespaces(7)`).
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        Some(self.0.ssi_pid).filter(|&pid| pid != 0 && self.has_sender())
    }

    /// The real user of that process.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        self.pid().map(|_| self.0.ssi_uid)
    }

    /// The number that was sent along, by `sigqueue(3)` or a POSIX timer or queue.
    #[must_use]
    pub fn value(&self) -> Option<i32> {
        matches!(self.code(), libc::SI_QUEUE | libc::SI_TIMER | libc::SI_MESGQ)
            .then_some(self.0.ssi_int)
    }

    /// What a `SIGCHLD` of the kernel tells of the child: how it ended, or that it was stopped or continued.
    #[must_use]
    pub fn child_status(&self) -> Option<ExitStatus> {
        self.is_of_child().then(|| process::exit_status(self.code(), self.0.ssi_status))
    }

    /// Positive codes are the kernel's own, and mean something else for each signal.
    fn is_of_child(&self) -> bool {
        self.number() == libc::SIGCHLD
            && (libc::CLD_EXITED..=libc::CLD_CONTINUED).contains(&self.code())
    }

    fn has_sender(&self) -> bool {
        let sent = [libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL, libc::SI_MESGQ];
        self.is_of_child() || sent.contains(&self.code())
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("number", &self.number())
            .field("code", &self.code())
            .field("pid", &self.pid())
            .field("uid", &self.uid())
            .field("value", &self.value())
            .field("child_status", &self.child_status())
            .finish()
    }
}
