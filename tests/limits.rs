//! What happens when the kernel has no more: no fd (`EMFILE`, `ENFILE`), no memory (`ENOMEM`), or no epoll instance, since somebody has closed it.
//!
//! The promise is the same for all: an error of its own kind that names the operation, and everything that was registered works on.

mod common;
#[path = "common/seccomp.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
mod seccomp;

use std::io::ErrorKind;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use common::*;
use eventp::{Doorbell, Eventp, Key, interest};

const MAKE_FDS: [i64; 2] = [libc::SYS_epoll_create1, libc::SYS_eventfd2];

/// A reactor with a subscriber that counts its events.
fn counting() -> (Eventp<u32>, Key, UnixStream) {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let key = reactor
        .on(interest().read().with_fd(stream), |d| {
            drain(d.fd);
            *d.state += 1;
        })
        .unwrap();
    (reactor, key, peer)
}

fn works_on(reactor: &mut Eventp<u32>, peer: &UnixStream) {
    let mut calls = 0;
    for expected in 1..=3 {
        fire(peer);
        settle(reactor, &mut calls);
        assert_eq!(calls, expected);
    }
}

mod without_an_fd_in {
    use super::*;

    fn whatever_needs_one_is_refused_and_the_rest_works(errno: i32, remedy: &'static str) {
        seccomp::in_thread(move || {
            let (mut reactor, key, peer) = counting();
            seccomp::fail(&MAKE_FDS, errno);
            for refused in [
                Eventp::<u32>::new().err().unwrap(),
                reactor.remote().err().unwrap(),
                reactor.notifier(|_| ()).err().unwrap(),
                reactor.readiness().err().unwrap(),
                Doorbell::new().err().unwrap(),
            ] {
                assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
                assert!(refused.to_string().contains(remedy), "{refused}");
            }
            works_on(&mut reactor, &peer);
            reactor.delete(key).unwrap();
        });
    }

    #[test]
    fn the_process() {
        whatever_needs_one_is_refused_and_the_rest_works(libc::EMFILE, "raise `RLIMIT_NOFILE`");
    }

    #[test]
    fn the_system() {
        whatever_needs_one_is_refused_and_the_rest_works(libc::ENFILE, "`/proc/sys/fs/file-max`");
    }
}

#[test]
fn a_rebuild_without_an_fd_in_the_system_is_told_once_and_the_old_instance_works_on() {
    seccomp::in_thread(|| {
        let (mut reactor, _key, peer) = counting();
        reactor.on_error(|error, told| {
            assert_eq!((error.operation(), error.kind()), ("rebuild", ErrorKind::QuotaExceeded));
            *told += 1_000;
        });
        let _ghost = ghost(&mut reactor);
        seccomp::fail(&MAKE_FDS, libc::ENFILE);
        let mut calls = 0;
        for expected in 1_001..1_010 {
            fire(&peer);
            while calls < expected {
                reactor.run_once_with(&mut calls, LONG).unwrap();
            }
            assert_eq!(calls, expected);
        }
    });
}

#[test]
fn a_rebuild_that_cannot_move_what_belongs_to_the_reactor_is_told_once_too() {
    for nested in [false, true] {
        seccomp::in_thread(move || {
            let mut reactor = Eventp::<u32>::new().unwrap();
            reactor.on_error(|error, told| {
                assert_eq!((error.operation(), error.kind()), ("rebuild", ErrorKind::OutOfMemory));
                *told += 1;
            });
            let remote = reactor.remote().unwrap();
            let _readiness = nested.then(|| reactor.readiness().unwrap());
            let _ghost = ghost(&mut reactor);
            seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_ADD], libc::ENOMEM);
            let mut told = 0;
            for _ in 0..5 {
                reactor.run_once_with(&mut told, NOW).unwrap();
            }
            assert_eq!(told, 1);
            // The old instance still has the bell.
            remote.send(|told, _| *told += 10).unwrap();
            settle_despite_ghosts(&mut reactor, &mut told, 11);
        });
    }
}

fn settle_despite_ghosts(reactor: &mut Eventp<u32>, state: &mut u32, expected: u32) {
    for _ in 0..10 {
        reactor.run_once_with(state, NOW).unwrap();
    }
    assert_eq!(*state, expected);
}

#[test]
fn without_memory_in_the_kernel_what_is_there_stays_as_it_is() {
    seccomp::in_thread(|| {
        let (mut reactor, key, peer) = counting();
        seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_ADD, libc::EPOLL_CTL_MOD], libc::ENOMEM);
        let refused = reactor.on(interest().read().with_fd(pair().0), |_| ()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
        let refused = reactor.remote().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
        let refused = reactor.readiness().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
        let refused = reactor.modify(key, interest().write()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
        assert_eq!(reactor.interest(key).unwrap(), interest().read());
        works_on(&mut reactor, &peer);
        reactor.delete(key).unwrap();
    });
}

#[test]
fn a_readiness_fd_that_cannot_watch_is_refused_and_the_reactor_works_on() {
    seccomp::in_thread(|| {
        let (mut reactor, _key, peer) = counting();
        let _remote = reactor.remote().unwrap();
        seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_ADD], libc::ENOMEM);
        let refused = reactor.readiness().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
        works_on(&mut reactor, &peer);
    });
}

#[test]
fn a_rebuild_that_cannot_take_back_its_question_about_a_number_goes_on() {
    seccomp::in_thread(|| {
        let number = high_number();
        let ((old, _old_peer), (new, new_peer)) = (pair(), pair());
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, told: &mut Vec<String>| told.push(error.to_string()));
        dup2(&old, number);
        let source = interest().read().with_fd(Number(number));
        reactor.on(source, |_| panic!("its number is another's")).unwrap();
        dup2(&new, number);
        let _ghost = ghost(&mut reactor);
        fire(&new_peer);
        seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_DEL], libc::ENOMEM);
        let mut told = Vec::new();
        settle(&mut reactor, &mut told);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("rebuild of fd {number}")), "{}", told[0]);
        close_behind(number);
    });
}

#[test]
fn a_bell_that_cannot_be_rung_again_is_told_of() {
    seccomp::in_thread(|| {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, told: &mut Vec<String>| told.push(error.to_string()));
        let remote = reactor.remote().unwrap();
        for _ in 0..300 {
            remote.send(|_, _| ()).unwrap(); // more than one turn answers
        }
        seccomp::fail(&[libc::SYS_write], libc::EIO);
        let mut told = Vec::new();
        assert_eq!(reactor.run_once_with(&mut told, NOW).unwrap(), 256);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("remote: "), "{}", told[0]);
    });
}

#[test]
fn a_full_doorbell_that_cannot_be_read_says_why() {
    for (errno, kind) in [
        (libc::EAGAIN, ErrorKind::WouldBlock),
        (libc::EIO, std::io::Error::from_raw_os_error(libc::EIO).kind()),
    ] {
        seccomp::in_thread(move || {
            let bell = Doorbell::new().unwrap();
            let full = (u64::MAX - 1).to_ne_bytes();
            // SAFETY: eight bytes of `full` are read.
            assert_eq!(unsafe { libc::write(bell.as_raw_fd(), full.as_ptr().cast(), 8) }, 8);
            // The read finds nothing, as if another thread had been faster; here nobody has, so it stays full.
            seccomp::fail(&[libc::SYS_read], errno);
            assert_eq!(bell.ring().unwrap_err().kind(), kind);
        });
    }
}

#[test]
fn a_removal_that_the_kernel_refuses_is_a_removal_all_the_same() {
    seccomp::in_thread(|| {
        let (mut reactor, _key, peer) = counting();
        let drops = Drops::default();
        let (stream, other_peer) = pair();
        let subscriber = interest().read().with_fd(With(stream, drops.guard()));
        let key = reactor.on(subscriber, |_| panic!("it was removed")).unwrap();
        seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_DEL], libc::ENOMEM);
        reactor.delete(key).unwrap();
        assert_eq!(drops.count(), 1);
        assert_eq!(reactor.len(), 1);
        drop(other_peer);
        works_on(&mut reactor, &peer);
    });
}

#[test]
fn a_wait_that_the_kernel_refuses_is_an_error_of_the_run_call() {
    seccomp::in_thread(|| {
        let (mut reactor, _key, peer) = counting();
        seccomp::fail(&[libc::SYS_epoll_wait, libc::SYS_epoll_pwait], libc::EFAULT);
        fire(&peer);
        for timeout in [NOW, Some(Duration::from_millis(1)), None] {
            let refused = reactor.run_once_with(&mut 0, timeout).unwrap_err();
            assert_eq!(refused.raw_os_error(), None, "an error with a context: {refused}");
            assert!(refused.to_string().starts_with("wait: "), "{refused}");
        }
        assert!(reactor.run_with(&mut 0).is_err());
    });
}

/// The epoll instance of the reactor that is made by `make`.
fn epoll_of<S>(make: impl FnOnce() -> Eventp<S>) -> (RawFd, Eventp<S>) {
    // The lowest number that is free, were it not for other threads: told apart by what is registered in it.
    let mut reactor = make();
    let (stream, _peer) = pair();
    let number = stream.as_raw_fd();
    let key = reactor.on(interest().read().with_fd(stream), |_| ()).unwrap();
    let watches = |fd: &RawFd| {
        let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let mut watched = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
        watched.any(|line| line.split_whitespace().next() == Some(&number.to_string()))
    };
    let epoll = (3..1024).find(watches).unwrap();
    reactor.delete(key).unwrap();
    (epoll, reactor)
}

/// Nobody but unsafe code can do that. Still it is an error and no hang, and what the reactor owns is let go. Whoever has the number by then is
/// closed with the reactor: that is why it may not be done.
#[test]
fn an_epoll_instance_that_was_closed_is_an_error_of_each_call_and_everybody_is_dropped() {
    for replaced in [false, true] {
        let drops = Drops::default();
        let (epoll, mut reactor) = epoll_of(|| Eventp::<u32>::new().unwrap());
        let (stream, peer) = pair();
        let subscriber = interest().read().with_fd(With(stream, drops.guard()));
        let key = reactor.on(subscriber, |d| *d.state += 1).unwrap();
        let other =
            reactor.on(interest().read().with_fd(With(pair().0, drops.guard())), |_| ()).unwrap();
        if replaced {
            dup2(&peer, epoll);
        } else {
            dup2(std::fs::File::open("/dev/null").unwrap(), epoll);
        }
        fire(&peer);
        let (mut calls, began) = (0, Instant::now());
        assert!(reactor.run_once_with(&mut calls, LONG).is_err());
        assert!(reactor.run_with(&mut calls).is_err());
        assert!(reactor.on(interest().with_fd(pair().0), |_| ()).is_err());
        assert!(reactor.modify(key, interest().write()).is_err());
        assert!(began.elapsed() < Duration::from_secs(5));
        reactor.delete(other).unwrap();
        assert_eq!((calls, drops.count()), (0, 1));
        drop(reactor);
        assert_eq!(drops.count(), 2);
    }
}

#[test]
fn an_epoll_instance_whose_number_is_closed_is_an_error_until_it_is_back() {
    alone("an_epoll_instance_whose_number_is_closed_is_an_error_until_it_is_back", || {
        let (epoll, mut reactor) = epoll_of(|| Eventp::<u32>::new().unwrap());
        let kept = dup(Number(epoll));
        close_behind(epoll);
        let refused = reactor.run_once_with(&mut 0, LONG);
        dup2(&kept, epoll);
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
        drop(kept);
        let (stream, peer) = pair();
        reactor.on(interest().read().with_fd(stream), |d| *d.state += 1).unwrap();
        fire(&peer);
        let mut calls = 0;
        reactor.run_once_with(&mut calls, LONG).unwrap();
        assert_eq!(calls, 1, "it was the number that was wrong, not the reactor");
    });
}

#[test]
fn two_handlers_of_one_file_are_both_called_and_the_second_finds_nothing() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<Vec<usize>>::new().unwrap();
    for stream in [stream.try_clone().unwrap(), stream] {
        reactor.on(interest().read().with_fd(stream), |d| d.state.push(drain(d.fd))).unwrap();
    }
    for _ in 0..100 {
        fire(&peer);
        let mut read = Vec::new();
        settle(&mut reactor, &mut read);
        assert_eq!(read, [1, 0], "a spurious wake-up is no more than that");
    }
}
