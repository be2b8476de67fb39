//! A child process whose end is an event.
//!
//! In comes a command of the standard library, out go its pipes and, once, its status. What must stay true: nobody but a [`Child`], or the list
//! of [`orphans`] after it, waits for its process, and only by the pidfd, which never names another.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{self, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};

use super::{failed, orphans, signals};
use crate::error::Error;
use crate::sys::{self, process as calls};

/// A child process: readable when it has ended.
///
/// Watch it for reading; [`read`](Child::read) gives the status. No `SIGCHLD` is involved, and no thread. An ended child stays readable, so remove the
/// subscriber then, or watch it edge-triggered. Its pipes are fds of their own, and non-blocking.
///
/// Linux 5.4 or later.
///
/// ```
/// use std::{io, process::Command};
/// # use eventp_core as eventp;
/// use eventp::{Child, Eventp, Flow, interest};
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::<Option<i32>>::new()?;
/// let child = Child::spawn(Command::new("sh").args(["-c", "exit 7"]))?;
/// reactor.on(interest().read().with_fd(child), |d| {
///     *d.state = d.fd.read()?.code();
///     Ok(Flow::Stop)
/// })?;
/// let mut code = None;
/// reactor.run_with(&mut code)?;
/// assert_eq!(code, Some(7));
/// # Ok(())
/// # }
/// ```
///
/// # Dropping
///
/// A dropped child lives on, as with [`std::process::Child`]; [`kill`](Child::kill) it first if that is not wanted. It does not stay behind as a
/// zombie: the process is waited for when a `Child` is started or dropped after its end. Until then its pidfd stays open.
#[derive(Debug)]
pub struct Child {
    /// The pidfd; or, of a child that had been waited for before, an eventfd that is readable for good. `None` only while it is dropped.
    fd: Option<OwnedFd>,
    id: u32,
    status: Option<ExitStatus>,
    /// The standard input, if it was asked for by [`Stdio::piped`](std::process::Stdio::piped). Non-blocking.
    pub stdin: Option<ChildStdin>,
    /// The standard output, if it was asked for. Non-blocking.
    pub stdout: Option<ChildStdout>,
    /// The standard error, if it was asked for. Non-blocking.
    pub stderr: Option<ChildStderr>,
}

impl Child {
    /// Starts a program.
    ///
    /// It begins with those signals unblocked that a [`Signals`](crate::Signals) of this process listens to or has listened to.
    ///
    /// # Errors
    ///
    /// - Those of [`Command::spawn`].
    /// - `QuotaExceeded` if there is no fd left for the pidfd (`EMFILE`, `ENFILE`), `OutOfMemory` (`ENOMEM`).
    /// - `Unsupported` or `PermissionDenied` if the kernel is older than 5.3 or a seccomp filter refuses the call (`ENOSYS`, `EPERM`).
    ///
    /// If the program has been started by then, it is killed.
    ///
    /// # Implementation notes
    ///
    /// What [`Command::spawn`] does, `pidfd_open`, and an `ioctl` (`FIONBIO`) for each pipe. If there is or was a [`Signals`](crate::Signals), a function that
    /// unblocks its signals is added to the command (`pre_exec`), and stays there if you use the command again. A `waitid` for each child
    /// that was dropped while it ran.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        orphans::wait_for_ended();
        signals::unblock_in(command);
        Self::adopt(command.spawn()?).map_err(|(mut child, error)| {
            // It has ended already, or else can be killed.
            let _ = child.kill();
            let _ = child.wait();
            error
        })
    }

    /// Takes over a child that was started by the standard library.
    ///
    /// # Errors
    ///
    /// Those of [`spawn`](Child::spawn) after the start, and those of [`process::Child::try_wait`]. The child is given back.
    ///
    /// # Implementation notes
    ///
    /// A `wait4`, `pidfd_open`, and an `ioctl` (`FIONBIO`) for each pipe. Of a child that has ended already, an eventfd takes the place of the pidfd
    /// (`eventfd2`, `write`).
    pub fn from_std(mut child: process::Child) -> Result<Self, (process::Child, io::Error)> {
        // If it was waited for, its number may be somebody else's by now. This is the one way to ask.
        match child.try_wait() {
            Ok(None) => Self::adopt(child),
            Ok(Some(status)) => match always_readable() {
                Ok(fd) => Self::with_fd(child, fd, Some(status)),
                Err(error) => Err((child, error)),
            },
            Err(error) => Err((child, error)),
        }
    }

    /// Of a child that was not waited for.
    fn adopt(child: process::Child) -> Result<Self, (process::Child, io::Error)> {
        match calls::pidfd_open(child.id()) {
            Ok(pidfd) => Self::with_fd(child, pidfd, None),
            Err(error) => Err((child, failed("pidfd_open")(error))),
        }
    }

    fn with_fd(
        mut child: process::Child,
        fd: OwnedFd,
        status: Option<ExitStatus>,
    ) -> Result<Self, (process::Child, io::Error)> {
        if let Err(error) = make_pipes_nonblocking(&child) {
            return Err((child, failed("ioctl")(error)));
        }
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Ok(Self { fd: Some(fd), id: child.id(), status, stdin, stdout, stderr })
    }

    /// The number of the process. After [`read`](Child::read) has given the status, it may be another's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How the child has ended. The first answer is kept, and given again whenever it is asked for.
    ///
    /// # Errors
    ///
    /// - `WouldBlock` while it runs.
    /// - An error with `ECHILD` if somebody else has waited for it, by `waitpid` for any child or by ignoring `SIGCHLD`.
    /// - `InvalidInput` if the kernel is older than 5.4 (`EINVAL`).
    ///
    /// # Implementation notes
    ///
    /// One `waitid` (`P_PIDFD`); none when the status is known.
    pub fn read(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = calls::wait(self.as_fd()).map_err(failed("waitid"))?;
        self.status = status;
        status.ok_or(io::ErrorKind::WouldBlock.into())
    }

    /// Sends a signal to the child, such as `libc::SIGTERM`. Nothing happens if it has ended; nobody else ever gets the signal.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if there is no such signal; `PermissionDenied` if the child runs as another user, or a seccomp filter refuses the call;
    /// `Unsupported` if such a filter says that there is no such call (`ENOSYS`).
    ///
    /// # Implementation notes
    ///
    /// One `pidfd_send_signal`; none when the status is known.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        if self.status.is_some() {
            return Ok(());
        }
        match calls::signal(self.as_fd(), signal) {
            // Somebody else has waited for it.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            sent => sent.map_err(failed("pidfd_send_signal")),
        }
    }

    /// Sends a signal to the child and to all that it has started, so far as they have stayed in its process group. The child leads a group if it
    /// was started with [`process_group(0)`](std::os::unix::process::CommandExt::process_group). Others may be there when the child itself has ended.
    ///
    /// # Errors
    ///
    /// - `NotFound` if the child leads no group, or nobody is left in it.
    /// - Those of [`kill`](Child::kill).
    /// - `Unsupported` if the child has ended, was [`read`](Child::read), and the kernel is older than 6.9: the number of the group may be another's.
    ///
    /// # Implementation notes
    ///
    /// One `pidfd_send_signal` (`PIDFD_SIGNAL_PROCESS_GROUP`). Before Linux 6.9, that fails and a `kill` follows.
    pub fn kill_group(&self, signal: i32) -> io::Result<()> {
        let sent = match calls::signal_group(self.as_fd(), signal) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => match self.status {
                // Not yet waited for: the number is still its own. A bad signal is `EINVAL` here, too.
                None => calls::signal_group_by_number(self.id, signal),
                Some(_) => Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "the group of a child that has ended needs Linux 6.9; signal it before `read`",
                )),
            },
            sent => sent,
        };
        sent.map_err(|error| match error.raw_os_error() {
            // EBADF: the eventfd of a child that had ended before it was ours.
            Some(libc::ESRCH | libc::EBADF) => no_group(),
            _ => failed("pidfd_send_signal")(error),
        })
    }

    fn fd(&self) -> &OwnedFd {
        self.fd.as_ref().expect("it is taken by `drop` alone")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let (Some(pidfd), None) = (self.fd.take(), self.status) {
            orphans::add(pidfd);
        }
    }
}

fn make_pipes_nonblocking(child: &process::Child) -> io::Result<()> {
    let pipes = [
        child.stdin.as_ref().map(AsFd::as_fd),
        child.stdout.as_ref().map(AsFd::as_fd),
        child.stderr.as_ref().map(AsFd::as_fd),
    ];
    pipes.into_iter().flatten().try_for_each(calls::set_nonblocking)
}

fn no_group() -> io::Error {
    let reason = "the child leads no process group, or nobody is left in it; start it with `process_group(0)`";
    Error::of("pidfd_send_signal", io::Error::new(io::ErrorKind::NotFound, reason)).into()
}

fn always_readable() -> io::Result<OwnedFd> {
    let fd = sys::eventfd().map_err(failed("eventfd2"))?;
    sys::eventfd_write(fd.as_fd()).map_err(failed("write"))?;
    Ok(fd)
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd().as_fd()
    }
}

impl AsRawFd for Child {
    fn as_raw_fd(&self) -> RawFd {
        self.fd().as_raw_fd()
    }
}
