//! Child processes by pidfd: a number that names one process, and nobody after it (`pidfd_open(2)`).

use core::ffi::{c_int, c_long};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use super::signalfd::{SignalSet, unblock};
use super::{check, retry};

/// `PIDFD_SIGNAL_PROCESS_GROUP`: Linux 6.9.
const PROCESS_GROUP: c_long = 1 << 2;

/// A pidfd of a process that must not have been waited for yet, or it may name another.
pub(crate) fn pidfd_open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as c_long, 0 as c_long) };
    let fd = check(fd as c_int)?;
    // SAFETY: the call above has just opened `fd`, and nobody else knows the number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits for a child that has ended, and not for one that has not: `None`.
pub(crate) fn wait(pidfd: BorrowedFd<'_>) -> io::Result<Option<ExitStatus>> {
    let flags = libc::WEXITED | libc::WNOHANG;
    // SAFETY: made of integers and of pointers that nobody follows, of which zero is a value.
    let mut info: libc::siginfo_t = unsafe { core::mem::zeroed() };
    let number = pidfd.as_raw_fd() as libc::id_t;
    // SAFETY: `info` lives across the call, which writes a `siginfo_t` to it.
    retry(|| unsafe { libc::waitid(libc::P_PIDFD, number, &mut info, flags) } as isize)?;
    // SAFETY: these fields are there after `waitid`; zeros if it wrote none.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    Ok((pid != 0).then(|| exit_status(info.si_code, status)))
}

/// The status of a child from the two numbers that the kernel tells of it (`waitid(2)`), in the form of `wait(2)`.
pub(crate) fn exit_status(code: c_int, status: c_int) -> ExitStatus {
    const CONTINUED: c_int = 0xffff;
    ExitStatus::from_raw(match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_KILLED => status & 0x7f,
        libc::CLD_DUMPED => status & 0x7f | 0x80,
        libc::CLD_CONTINUED => CONTINUED,
        _ => (status & 0xff) << 8 | 0x7f, // stopped, or trapped by who traces it
    })
}

/// Sends a signal to the process.
pub(crate) fn signal(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    send(pidfd, number, 0)
}

/// Sends a signal to all of the group that the process leads, or has led. Linux 6.9.
pub(crate) fn signal_group(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    send(pidfd, number, PROCESS_GROUP)
}

fn send(pidfd: BorrowedFd<'_>, number: i32, flags: c_long) -> io::Result<()> {
    let (fd, number) = (c_long::from(pidfd.as_raw_fd()), c_long::from(number));
    let no_info = core::ptr::null::<libc::siginfo_t>();
    // SAFETY: null stands for the information that `kill` would give.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, no_info, flags) };
    check(sent as c_int).map(drop)
}

/// The same by number, which must still be the group's.
pub(crate) fn signal_group_by_number(leader: u32, number: i32) -> io::Result<()> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::kill(-(leader as libc::pid_t), number) }).map(drop)
}

/// Has programs that this command starts begin with these signals unblocked.
pub(crate) fn unblock_in(command: &mut Command, set: SignalSet) {
    // SAFETY: between `fork` and `exec` there is one call, which may be made there (`signal-safety(7)`); the set is a copy, and an error
    // is an errno: nothing is allocated.
    unsafe { command.pre_exec(move || unblock(&set)) };
}

/// Has reads and writes return `WouldBlock` rather than wait.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut on: c_int = 1;
    // SAFETY: the kernel reads an `int`, which lives across the call.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO as _, &mut on) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_of_a_child_is_what_wait_would() {
        for (code, status, expected) in [
            (libc::CLD_EXITED, 7, "exit status: 7"),
            (libc::CLD_KILLED, libc::SIGKILL, "signal: 9 (SIGKILL)"),
            (libc::CLD_DUMPED, libc::SIGSEGV, "signal: 11 (SIGSEGV) (core dumped)"),
            (libc::CLD_STOPPED, libc::SIGSTOP, "stopped (not terminated) by signal: 19 (SIGSTOP)"),
            (libc::CLD_CONTINUED, libc::SIGCONT, "continued (WIFCONTINUED)"),
        ] {
            assert_eq!(exit_status(code, status).to_string(), expected);
        }
    }
}
