//! A turn is one `epoll_wait`, whatever else the reactor has: nothing adds a system call to a turn that does not use it.
//!
//! In a process of its own, which the kernel kills if it makes any other system call: a seccomp filter holds for good. A wait may only be one
//! that sleeps until there is something; and there is as much as the handlers of the turn before have rung, watched edge-triggered. So a second
//! wait in a turn sleeps for ever, until the process is killed for that.

mod common;
#[path = "common/seccomp.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
mod seccomp;

use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use eventp::{
    Child, Dispatch, Doorbell, Eventp, EventpOps, Flow, Signals, Sleep, Timer, doorbell, interest,
};
use seccomp::{kill_unless, when};

/// The call that is documented. Where the kernel has none of that name, the C library makes this one of it.
#[cfg(target_arch = "x86_64")]
const WAIT: i64 = libc::SYS_epoll_wait;
#[cfg(not(target_arch = "x86_64"))]
const WAIT: i64 = libc::SYS_epoll_pwait;

/// What a process ends with that was not killed.
const ALIVE: i32 = 42;

const TURNS: u64 = 2_000;
const BELLS: usize = 3;

/// Runs the test of this name in a process of its own, which has to end with `ALIVE`.
fn alone(name: &str, test: impl FnOnce()) {
    let test = || {
        // SAFETY: takes no pointer. It kills a process that takes too long.
        unsafe { libc::alarm(60) };
        test();
    };
    let Some(output) = common::outcome_alone(name, test) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    match output.status.signal() {
        Some(libc::SIGSYS) => panic!("a turn made another system call; `strace -f` shows which"),
        Some(libc::SIGALRM) => panic!("a turn waited twice, and has lost what it found first"),
        _ => assert_eq!(output.status.code(), Some(ALIVE), "{text}"),
    }
}

/// From now on, this thread may wait without a timeout, ring, and say what went wrong; and the process may end.
fn allow_nothing_but_to_sleep_and_ring(bells: &[i32]) {
    let outputs = [libc::STDOUT_FILENO, libc::STDERR_FILENO];
    let writes = outputs.iter().chain(bells).map(|&fd| when(0, fd)).collect();
    kill_unless([
        (WAIT, vec![when(3, -1)]),
        (libc::SYS_write, writes),
        (libc::SYS_exit_group, vec![]),
    ]);
}

/// Runs the reactor, and ends the process before anything is closed.
fn each_turn_is_one_wait(
    mut reactor: Eventp<u64>,
    handler: impl Fn(Dispatch<'_, Doorbell, Eventp<u64>>) -> std::io::Result<()> + Copy + 'static,
) {
    let bells = [(); BELLS].map(|()| Doorbell::new().unwrap());
    let numbers = bells.each_ref().map(AsRawFd::as_raw_fd);
    for bell in bells {
        bell.ring().unwrap();
        let handler = move |d: Dispatch<'_, Doorbell, _>| {
            *d.state += 1;
            d.fd.ring()?;
            handler(d)
        };
        reactor.on(doorbell().with_fd(bell), handler).unwrap();
    }
    let mut events = 0;
    // Once before: the C library and the allocator may have something to set up.
    reactor.run_once_with(&mut events, None).unwrap();
    allow_nothing_but_to_sleep_and_ring(&numbers);
    for turn in 2..2 + TURNS {
        assert_eq!(reactor.run_once_with(&mut events, None).unwrap(), BELLS);
        assert_eq!(events, turn * BELLS as u64);
    }
    // SAFETY: ends the process at once; the standard library's `exit` would tidy up first, by further system calls.
    unsafe { libc::_exit(ALIVE) }
}

#[test]
fn of_a_reactor_with_subscribers_only() {
    alone("of_a_reactor_with_subscribers_only", || {
        each_turn_is_one_wait(Eventp::new().unwrap(), |_| Ok(()));
    });
}

#[test]
fn of_handlers_that_ask_for_all_there_is() {
    alone("of_handlers_that_ask_for_all_there_is", || {
        each_turn_is_one_wait(Eventp::new().unwrap(), |mut d| {
            assert!(d.event.is_readable() && d.reactor.contains(d.key));
            assert_eq!(d.reactor.interest(d.key)?, d.interest);
            d.reactor.modify(d.key, d.interest) // to what is in force already
        });
    });
}

fn silent<Fd, Ep: EventpOps>(_: Dispatch<'_, Fd, Ep>) -> Flow {
    panic!("nothing happens to this fd")
}

#[test]
fn of_a_reactor_that_has_all_there_is_and_uses_none_of_it() {
    alone("of_a_reactor_that_has_all_there_is_and_uses_none_of_it", || {
        let mut reactor = Eventp::<u64>::new().unwrap();
        reactor.on_error(|error, _| panic!("{error}"));
        reactor.before_sleep(|_, _| Sleep::Allow);
        let _remote = reactor.remote().unwrap();
        let _notifier = reactor.notifier(|_| panic!("nobody notifies")).unwrap();
        let _readiness = reactor.readiness().unwrap();
        let timer = Timer::once(Duration::from_secs(3600)).unwrap();
        reactor.on(interest().read().with_fd(timer), silent).unwrap();
        let signals = Signals::new(&[libc::SIGUSR1]).unwrap();
        reactor.on(interest().read().with_fd(signals), silent).unwrap();
        // It ends with this process, which has the other end of its pipe.
        let child = Child::spawn(Command::new("cat").stdin(Stdio::piped())).unwrap();
        reactor.on(interest().read().with_fd(child), silent).unwrap();
        reactor.on(doorbell().with_fd(Doorbell::new().unwrap()), silent).unwrap();
        each_turn_is_one_wait(reactor, |_| Ok(()));
    });
}
