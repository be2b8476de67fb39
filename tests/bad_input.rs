//! Bad input and real limits: a stable kind, a text that says which fd and which operation, and nothing registered is lost.

mod common;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use eventp::{Error, Eventp, Key, exclusive, interest};

/// A reactor with one live subscriber, which each test finds alive at its end.
struct Bystander {
    reactor: Eventp<u32>,
    peer: std::os::unix::net::UnixStream,
    key: Key,
}

impl Bystander {
    fn new() -> Self {
        let (stream, peer) = pair();
        let mut reactor = Eventp::<u32>::new().unwrap();
        let key = reactor
            .on(interest().read().with_fd(stream), |d| {
                *d.state += 1;
                drain(d.fd);
            })
            .unwrap();
        Self { reactor, peer, key }
    }

    fn assert_alive(mut self) {
        fire(&self.peer);
        let mut calls = 0;
        assert_eq!(settle(&mut self.reactor, &mut calls), 1);
        assert_eq!(calls, 1);
        assert_eq!(self.reactor.len(), 1);
    }
}

fn assert_error(error: io::Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(!text.ends_with('.'), "{text}");
    assert!(error.downcast::<Error>().is_ok());
}

#[test]
fn an_unknown_key() {
    let mut ours = Bystander::new();
    let mut others = Eventp::<()>::new().unwrap();
    let key = others.on(interest().with_fd(pair().0), |_| ()).unwrap();
    let text = format!("key {key}");
    let parts = [text.as_str(), "no such subscriber"];
    assert_error(
        ours.reactor.delete(key).unwrap_err(),
        ErrorKind::NotFound,
        &["delete of", parts[0], parts[1]],
    );
    assert_error(
        ours.reactor.modify(key, interest()).unwrap_err(),
        ErrorKind::NotFound,
        &["modify of", parts[0]],
    );
    assert_error(ours.reactor.interest(key).unwrap_err(), ErrorKind::NotFound, &parts);
    ours.assert_alive();
}

#[test]
fn a_stale_key() {
    let mut ours = Bystander::new();
    let key = ours.reactor.on(interest().with_fd(pair().0), |_| ()).unwrap();
    ours.reactor.delete(key).unwrap();
    let (stream, _peer) = pair();
    let heir = ours.reactor.on(interest().with_fd(stream), |_| ()).unwrap();
    assert_error(ours.reactor.delete(key).unwrap_err(), ErrorKind::NotFound, &["delete of key"]);
    ours.reactor.delete(heir).unwrap();
    ours.assert_alive();
}

#[test]
fn an_fd_that_epoll_refuses() {
    let mut ours = Bystander::new();
    let file = File::open("/proc/self/exe").unwrap();
    let text = format!("add of fd {}", file.as_raw_fd());
    let refused = ours.reactor.on(interest().read().with_fd(file), |_| ()).unwrap_err();
    assert_error(refused, ErrorKind::PermissionDenied, &[&text, "`", "File", "regular files"]);
    ours.assert_alive();
}

#[test]
fn an_fd_that_is_closed() {
    struct Closed;
    impl AsFd for Closed {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: not that of `BorrowedFd`: the test is about code that breaks it.
            unsafe { BorrowedFd::borrow_raw(19_999) }
        }
    }
    let mut ours = Bystander::new();
    let refused = ours.reactor.on(interest().read().with_fd(Closed), |_| ()).unwrap_err();
    assert_error(refused, ErrorKind::InvalidInput, &["add of fd 19999", "the fd is closed"]);
    ours.assert_alive();
}

#[test]
fn a_double_add() {
    let mut ours = Bystander::new();
    let (stream, peer) = pair();
    let stream = std::sync::Arc::new(stream);
    let source = || interest().read().with_fd(std::sync::Arc::clone(&stream));
    let key = ours.reactor.on(source(), |d| _ = drain(d.fd)).unwrap();
    let text = format!("add of fd {}", stream.as_raw_fd());
    let refused = ours.reactor.on(source(), |_| ()).unwrap_err();
    assert_error(refused, ErrorKind::AlreadyExists, &[&text, "registered already"]);
    fire(&peer);
    assert_eq!(ours.reactor.run_once_with(&mut 0, LONG).unwrap(), 1, "the first one is alive");
    ours.reactor.delete(key).unwrap();
    ours.assert_alive();
}

#[test]
fn try_add_gives_back_what_was_refused() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let source = || interest().with_fd(File::open("/proc/self/exe").unwrap());
    let subscriber = source().with_handler(|_| ());
    let number = subscriber.as_fd().as_raw_fd();
    let (back, error) = reactor.try_add(subscriber).unwrap_err();
    assert_eq!(back.as_fd().as_raw_fd(), number);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn modifying_an_exclusive_registration() {
    let mut ours = Bystander::new();
    let (stream, _peer) = pair();
    let key = ours.reactor.on(exclusive().read().with_fd(stream), |_| ()).unwrap();
    let rule = ["modify of fd", "exclusive", "`epoll_ctl(2)`", "delete it and add it again"];
    let refused = ours.reactor.modify(key, interest().read()).unwrap_err();
    assert_error(refused, ErrorKind::InvalidInput, &rule);
    // The interest of an exclusive registration can be had as a value, but put nowhere.
    let exclusive = ours.reactor.interest(key).unwrap();
    let refused = ours.reactor.modify(ours.key, exclusive).unwrap_err();
    assert_error(refused, ErrorKind::InvalidInput, &rule);
    ours.reactor.delete(key).unwrap();
    ours.assert_alive();
}

#[test]
fn a_capacity_of_zero() {
    let refused = Eventp::<()>::builder().capacity(0).build().unwrap_err();
    assert_error(refused, ErrorKind::InvalidInput, &["create", "capacity", "at least 1"]);
}

#[test]
fn a_capacity_beyond_all_memory() {
    let refused = Eventp::<()>::builder().capacity(usize::MAX).build().unwrap_err();
    assert_error(refused, ErrorKind::OutOfMemory, &["create"]);
    let refused = Eventp::<()>::builder().subscribers(usize::MAX).build().unwrap_err();
    assert_error(refused, ErrorKind::OutOfMemory, &["create"]);
}

#[test]
fn a_capacity_of_one_serves_everybody() {
    let mut reactor = Eventp::<u32>::builder().capacity(1).build().unwrap();
    let peers: Vec<_> = (0..50)
        .map(|_| {
            let (stream, peer) = pair();
            fire(&peer);
            reactor.on(edge().with_fd(stream), |d| *d.state += 1).unwrap();
            peer
        })
        .collect();
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), peers.len());
    assert_eq!(calls, 50);
}

#[test]
fn a_timeout_of_duration_max_waits_for_the_event() {
    let mut reactor = Eventp::new().unwrap();
    let remote = reactor.remote().unwrap();
    for timeout in [Duration::MAX, Duration::from_millis(u64::MAX), Duration::from_secs(1 << 40)] {
        let (stream, peer) = pair();
        let key = reactor.on(interest().read().with_fd(stream), |_| ()).unwrap();
        fire(&peer);
        assert_eq!(reactor.run_once(Some(timeout)).unwrap(), 1);
        reactor.delete(key).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                remote.stop().unwrap();
            });
            assert_eq!(reactor.run_once(Some(timeout)).unwrap(), 0);
        });
        reactor.run().unwrap(); // answers the stop
    }
}

#[test]
fn a_timeout_is_never_cut_short() {
    let mut reactor = Eventp::new().unwrap();
    for timeout in
        [Duration::from_nanos(1), Duration::from_micros(1_500), Duration::from_millis(30)]
    {
        let began = Instant::now();
        assert_eq!(reactor.run_once(Some(timeout)).unwrap(), 0);
        assert!(began.elapsed() >= timeout);
    }
}

/// `EINTR` is retried with the time that remains, however many signals arrive.
#[test]
fn a_storm_of_signals_neither_ends_nor_prolongs_a_wait() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: the handler touches nothing; `SA_RESTART` is not set, and `epoll_wait` would not restart anyway.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
    // SAFETY: takes nothing.
    let waiting = unsafe { libc::pthread_self() };
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                // SAFETY: the thread waits for this one to end.
                unsafe { libc::pthread_kill(waiting, libc::SIGUSR1) };
                thread::sleep(Duration::from_micros(50));
            }
        });
        let mut reactor = Eventp::new().unwrap();
        let timeout = Duration::from_millis(200);
        let began = Instant::now();
        let handled = reactor.run_once(Some(timeout));
        let took = began.elapsed();
        done.store(true, std::sync::atomic::Ordering::Release);
        assert_eq!(handled.unwrap(), 0);
        assert!(took >= timeout && took < timeout * 10, "{took:?}");
    });
}

#[test]
fn debug_lists_type_fd_and_interest_and_asks_no_subscriber() {
    struct Loud(std::os::unix::net::UnixStream);
    impl AsFd for Loud {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
    impl std::fmt::Debug for Loud {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("asked")
        }
    }
    let (stream, _peer) = pair();
    let number = stream.as_raw_fd();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.on(edge().with_fd(Loud(stream)), |_| ()).unwrap();
    let text = format!("{reactor:?}");
    for part in ["Loud", &format!("fd {number}"), "for read | edge_triggered"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_main_that_returns_an_error_prints_what_to_do() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let (stream, _peer) = pair();
    let number = Number(stream.as_raw_fd());
    reactor.on(interest().read().with_fd(stream), |_| ()).unwrap();
    let error = reactor.on(interest().read().with_fd(number), |_| ()).unwrap_err();
    let printed = format!("{error:?}");
    assert!(printed.contains("AlreadyExists"), "{printed}");
    assert!(printed.contains("registered already; delete that subscriber first"), "{printed}");
}

#[test]
fn a_reactor_that_would_watch_itself() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let circle = reactor.readiness().unwrap();
    let refused = reactor.on(interest().read().with_fd(circle), |_| ()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().ends_with("; this epoll fd would watch itself; break the circle"));
    let error = refused.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert!(error.type_name().unwrap().contains("Readiness"));
    assert!(std::error::Error::source(error).is_some());
}
