//! Timers, signals and children, against the real kernel.
//!
//! What concerns the whole process, such as signals that are sent to it, runs in a process of its own: [`alone`].

#[path = "sources/child.rs"]
mod child;
mod common;
#[path = "sources/refused.rs"]
mod refused;
#[path = "sources/signals.rs"]
mod signals;
#[path = "sources/timer.rs"]
mod timer;

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

use common::*;
use eventp::{
    Child, Eventp, EventpOps, Flow, Key, Pinned, Port, Register, Signals, Timer, handler, interest,
    subscriber,
};

const MS: Duration = Duration::from_millis(1);

/// A `sh -c`.
fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Runs a test in a process of its own. Its thread is the only one there that a signal can interrupt.
#[track_caller]
fn alone(name: &str, body: fn()) {
    if let Some(Output { status, stdout, stderr }) = outcome_alone(name, body) {
        let [out, err] = [stdout, stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        assert!(status.success(), "{status}: {out}{err}");
    }
}

/// The same for a test that looks at how its process ended.
fn outcome_alone(name: &str, body: fn()) -> Option<Output> {
    const NAME: &str = "EVENTP_TEST_ALONE";
    if env::var_os(NAME).is_some_and(|it| it == name) {
        block_all_or_none(libc::SIG_UNBLOCK).unwrap();
        body();
        return None;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", name, "--test-threads=1", "--nocapture"]).env(NAME, name);
    // SAFETY: makes one call between `fork` and `exec`, which may be made there.
    unsafe { command.pre_exec(|| block_all_or_none(libc::SIG_BLOCK)) }; // for the thread of the harness
    Some(command.output().unwrap())
}

fn block_all_or_none(how: i32) -> io::Result<()> {
    // SAFETY: the set is made of integers; it lives across the calls.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        match libc::pthread_sigmask(how, &all, std::ptr::null_mut()) {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// Whether an fd is readable now.
fn is_readable(fd: impl AsFd) -> bool {
    readable_within(fd, Duration::ZERO)
}

/// Whether an fd becomes readable in time.
fn readable_within(fd: impl AsFd, time: Duration) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(time).unwrap();
    loop {
        match poll(&mut fds, timeout) {
            Ok(ready) => return ready == 1,
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// A line of a `/proc/../status`.
fn status_line(of: &str, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{of}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(":\t"));
    line.unwrap().to_owned()
}

/// Whether a process is there, and not a zombie.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field, the name, may have anything in it, and ends with the last parenthesis.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(5 * MS);
    }
}
