//! Signals that interrupt the wait, every 50 microseconds: nothing is lost, and timeouts are kept.

mod common;

use std::io::Write;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use eventp::{Eventp, Flow, interest};

/// How many signals have come.
#[derive(Clone, Default)]
struct Signals(Arc<AtomicUsize>);

impl Signals {
    fn is_a_storm(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 300
    }
}

/// Runs a test in a thread that gets a signal every 50 microseconds.
fn in_a_storm(test: impl FnOnce(&Signals) + Send + 'static) {
    // The signals of other tests are not to be counted.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let signals = Signals::default();
    let counted = signals.clone();
    let count = move || _ = counted.0.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the handler does nothing but to count.
    let handler = unsafe { signal_hook::low_level::register(libc::SIGUSR1, count) }.unwrap();
    let given = signals.clone();
    let tested = thread::spawn(move || test(&given));
    while !tested.is_finished() {
        // SAFETY: the thread is not joined yet, so its id is valid.
        unsafe { libc::pthread_kill(tested.as_pthread_t() as _, libc::SIGUSR1) };
        thread::sleep(Duration::from_micros(50));
    }
    tested.join().unwrap();
    signal_hook::low_level::unregister(handler);
    assert!(signals.is_a_storm());
}

#[test]
fn no_event_is_lost() {
    in_a_storm(|signals| {
        let signals = signals.clone();
        let (ours, mut theirs) = pair();
        theirs.set_nonblocking(false).unwrap();
        let writer = thread::spawn(move || {
            let mut written = 0;
            while !signals.is_a_storm() {
                for _ in 0..100 {
                    theirs.write_all(b"x").unwrap();
                }
                written += 100;
                thread::sleep(Duration::from_millis(1)); // so that the reactor waits
            }
            written
        });
        let mut reactor = Eventp::<usize>::new().unwrap();
        reactor
            .on(interest().read().with_fd(ours), |d| {
                // The end comes with the last byte, and stays for the next turn.
                let read = drain(d.fd);
                *d.state += read;
                if read == 0 { Flow::Stop } else { Flow::Keep }
            })
            .unwrap();
        let mut received = 0;
        reactor.run_with(&mut received).unwrap();
        assert_eq!(received, writer.join().unwrap());
    });
}

#[test]
fn a_timeout_is_neither_cut_short_nor_prolonged() {
    in_a_storm(|signals| {
        let mut reactor = Eventp::<()>::new().unwrap();
        for timeout in [Duration::from_millis(1), Duration::from_millis(300)] {
            let began = Instant::now();
            assert_eq!(reactor.run_once_with(&mut (), Some(timeout)).unwrap(), 0);
            let took = began.elapsed();
            assert!(took >= timeout && took < timeout + Duration::from_secs(5), "{took:?}");
        }
        while !signals.is_a_storm() {
            assert_eq!(reactor.run_once_with(&mut (), NOW).unwrap(), 0);
        }
    });
}

#[test]
fn a_remote_reaches_it() {
    in_a_storm(|signals| {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let signals = signals.clone();
        let sender = thread::spawn(move || {
            let mut made = 0;
            while !signals.is_a_storm() {
                remote.call(|calls, _| *calls += 1).unwrap();
                made += 1;
            }
            remote.stop().unwrap();
            made
        });
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap();
        assert_eq!(calls, sender.join().unwrap());
    });
}

#[test]
fn a_nested_reactor_is_run_all_the_same() {
    in_a_storm(|signals| {
        let (ours, theirs) = pair();
        let mut inner = Eventp::<u32>::new().unwrap();
        inner
            .on(interest().read().with_fd(ours), |d| {
                drain(d.fd);
                *d.state += 1;
            })
            .unwrap();
        let mut outer = Eventp::<u32>::new().unwrap();
        let source = interest().read().with_fd(inner.readiness().unwrap());
        outer.on(source, move |d| inner.run_once_with(d.state, NOW).map(drop)).unwrap();
        let mut calls = 0;
        let mut expected = 0;
        while !signals.is_a_storm() {
            expected += 1;
            fire(&theirs);
            while calls < expected {
                outer.run_once_with(&mut calls, LONG).unwrap();
            }
        }
    });
}
