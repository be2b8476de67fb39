//! Threads whose seccomp filter forbids the `write` that wakes a reactor: they need none where something else is waiting; where they do, they are
//! told, and nobody else waits for what they could not do.

#[path = "common/seccomp.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
mod seccomp;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use eventp::{Eventp, Flow};
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

/// From now on, a `write` of eight bytes in this thread fails with `EPERM`: that of an eventfd.
fn forbid_to_ring() {
    let eight = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 8);
    let rule = SeccompRule::new(vec![eight.unwrap()]).unwrap();
    seccomp::filter([(libc::SYS_write, vec![rule])], libc::EPERM);
}

/// Runs this in a thread that may not ring.
fn without_ringing<T: Send + 'static>(operation: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::spawn(move || {
        forbid_to_ring();
        operation()
    });
    thread.join().unwrap()
}

#[test]
fn only_who_finds_nobody_waiting_wakes_the_reactor() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let notifiers = [(); 2].map(|()| reactor.notifier(|d| *d.state += 1).unwrap());
    let [silent, also_silent] = [(); 2].map(|()| remote.clone());
    let silent_notifiers = notifiers.clone();
    remote.send(|calls, _| *calls += 1).unwrap();
    notifiers[0].notify().unwrap();
    // Further ones need no `write`, which they may not do.
    without_ringing(move || {
        silent.send(|calls, _| *calls += 1).unwrap();
        silent_notifiers.iter().for_each(|notifier| notifier.notify().unwrap());
    });
    let mut calls = 0;
    // The closures in one turn, the handlers of the notifiers in the next.
    for called in [2, 4] {
        reactor.run_once_with(&mut calls, Some(Duration::ZERO)).unwrap();
        assert_eq!(calls, called);
    }
    // Nothing waits any more.
    let refused =
        without_ringing(move || [also_silent.send(|calls, _| *calls += 1), notifiers[0].notify()]);
    for result in refused {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}

#[test]
fn a_closure_that_could_not_wake_the_reactor_does_not_keep_the_next_from_doing_so() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let silent = remote.clone();
    let error = without_ringing(move || silent.send(|calls, _| *calls += 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let other = thread::spawn(move || {
        let calls = remote.call_timeout(Duration::from_secs(30), |calls, _| *calls)?;
        remote.stop()?;
        std::io::Result::Ok(calls)
    });
    reactor.run_with(&mut 0).unwrap();
    assert!(other.join().unwrap().is_ok());
}

#[test]
fn a_call_that_could_not_wake_the_reactor_never_runs() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let silent = remote.clone();
    let error = without_ringing(move || silent.call(|calls, _| *calls += 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    remote.send(|_, _| Flow::Stop).unwrap();
    let mut calls = 0;
    reactor.run_with(&mut calls).unwrap();
    assert_eq!(calls, 0);
}

#[test]
fn a_notification_or_a_stop_that_could_not_wake_the_reactor_is_refused_each_time() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut reactor = Eventp::<()>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let counted = calls.clone();
    let notifier = reactor
        .notifier(move |_| {
            counted.fetch_add(1, SeqCst);
            Flow::Stop
        })
        .unwrap();
    let (silent, also_silent) = (notifier.clone(), remote.clone());
    let refused = without_ringing(move || {
        [silent.notify(), silent.notify(), also_silent.stop(), also_silent.stop()]
    });
    for result in refused {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
    let other = thread::spawn(move || notifier.notify());
    reactor.run().unwrap();
    other.join().unwrap().unwrap();
    assert!(calls.load(SeqCst) >= 1);
}
