//! The rebuild of the epoll instance: what the kernel knew is preserved, and where it cannot be made, the old instance stays.
//!
//! Each test that lowers a limit of the process does so in a child of its own (`alone`), since tests share the process.

mod common;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::*;
use eventp::{Eventp, Flow, Key, exclusive, interest};

/// Whether a wait ends by its timeout, as it does when no ghost is reported.
fn is_quiet<S>(reactor: &mut Eventp<S>, state: &mut S) -> bool {
    let (timeout, began) = (Duration::from_millis(20), Instant::now());
    assert_eq!(reactor.run_once_with(state, Some(timeout)).unwrap(), 0);
    began.elapsed() >= timeout
}

fn rebuild<S>(reactor: &mut Eventp<S>, state: &mut S) {
    let _ghost = ghost(reactor);
    reactor.run_once_with(state, LONG).unwrap();
    // A one-shot port that has fired and is hung up ends one more wait, without a call.
    reactor.run_once_with(state, NOW).unwrap();
    assert!(is_quiet(reactor, state), "the ghost is still reported");
}

#[test]
fn a_ghost_is_reported_once_and_then_the_instance_is_rebuilt() {
    rebuild(&mut Eventp::<()>::new().unwrap(), &mut ());
}

#[test]
fn a_oneshot_port_that_has_fired_stays_silent_until_it_is_modified() {
    let (stream, mut peer) = pair();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let once = interest().read().oneshot();
    let key = reactor.on(once.with_fd(stream), |d| *d.state += 1).unwrap();
    fire(&peer);
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), 1);

    rebuild(&mut reactor, &mut calls);
    assert_eq!((settle(&mut reactor, &mut calls), calls), (0, 1), "still readable, still silent");
    peer = {
        drop(peer); // not even a hang-up is reported
        pair().0
    };
    assert_eq!(settle(&mut reactor, &mut calls), 0);

    reactor.modify(key, once).unwrap();
    assert_eq!((settle(&mut reactor, &mut calls), calls), (1, 2));
    rebuild(&mut reactor, &mut calls);
    reactor.delete(key).unwrap();
    drop(peer);
}

#[test]
fn a_fired_oneshot_port_keeps_its_fd_registered() {
    let (stream, peer) = pair();
    let stream = std::sync::Arc::new(stream);
    let mut reactor = Eventp::<u32>::new().unwrap();
    let once = interest().read().oneshot();
    let key = reactor.on(once.with_fd(std::sync::Arc::clone(&stream)), |d| *d.state += 1).unwrap();
    fire(&peer);
    let mut calls = 0;
    settle(&mut reactor, &mut calls);
    rebuild(&mut reactor, &mut calls);
    let again = reactor.on(interest().read().with_fd(stream), |_| ()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists, "as before the rebuild");
    reactor.modify(key, once).unwrap();
    assert_eq!((settle(&mut reactor, &mut calls), calls), (1, 2));
}

#[test]
fn a_number_that_names_another_file_by_now_is_not_registered_for_its_former_owner() {
    for once in [interest().read(), interest().read().oneshot()] {
        let number = high_number();
        let ((old, old_peer), (new, new_peer)) = (pair(), pair());
        let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
        reactor.on_error(|error, told: &mut Vec<&str>| {
            assert_eq!(error.operation(), "rebuild");
            told.push("told");
        });
        dup2(&old, number);
        let source = once.with_fd(Number(number));
        let former = reactor.on(source, |d| d.state.push("former")).unwrap();
        fire(&old_peer);
        let mut seen = Vec::new();
        reactor.run_once_with(&mut seen, LONG).unwrap();
        dup2(&new, number);
        drop(old);
        rebuild(&mut reactor, &mut seen);
        fire(&new_peer);
        settle(&mut reactor, &mut seen);
        assert_eq!(seen, ["former", "told"], "nothing of the new file");
        let source = interest().read().with_fd(Number(number));
        reactor
            .on(source, |d| {
                d.state.push("new");
                Flow::Remove
            })
            .unwrap();
        settle(&mut reactor, &mut seen);
        assert_eq!(seen, ["former", "told", "new"]);
        assert_eq!(reactor.modify(former, once).unwrap_err().kind(), ErrorKind::NotFound);
        close_behind(number);
    }
}

#[test]
fn a_oneshot_port_that_was_rearmed_in_the_batch_of_its_report_is_armed_after_the_rebuild() {
    let ((a, a_peer), (b, b_peer)) = (pair(), pair());
    let once = interest().read().oneshot();
    // Each handler re-arms the other port, so for the one that comes second the re-arming comes before its report.
    let keys = Rc::new(RefCell::new(Vec::<Key>::new()));
    let mut reactor = Eventp::<u32>::new().unwrap();
    for stream in [a, b] {
        let known = Rc::clone(&keys);
        let key = reactor
            .on(once.with_fd(stream), move |mut d| {
                *d.state += 1;
                drain(d.fd);
                if *d.state <= 2 {
                    for &key in known.borrow().iter().filter(|&&key| key != d.key) {
                        d.reactor.modify(key, once).unwrap();
                    }
                }
            })
            .unwrap();
        keys.borrow_mut().push(key);
    }
    fire(&a_peer);
    fire(&b_peer);
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), 2);
    rebuild(&mut reactor, &mut calls);
    fire(&a_peer);
    fire(&b_peer);
    assert_eq!(settle(&mut reactor, &mut calls), 2);
    assert_eq!(calls, 4);
}

#[test]
fn edges_and_levels_are_not_lost_and_exclusive_stays_exclusive() {
    let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
    let ((a, a_peer), (b, b_peer), (c, c_peer)) = (pair(), pair(), pair());
    reactor
        .on(edge().with_fd(a), |d| {
            d.state.push("edge");
            drain(d.fd);
        })
        .unwrap();
    reactor
        .on(interest().read().with_fd(b), |d| {
            d.state.push("level");
            drain(d.fd);
        })
        .unwrap();
    let key = reactor
        .on(exclusive().read().with_fd(c), |d| {
            d.state.push("exclusive");
            drain(d.fd);
        })
        .unwrap();
    let mut seen = Vec::new();
    let _ghost = ghost(&mut reactor);
    for peer in [&a_peer, &b_peer, &c_peer] {
        fire(peer);
    }
    settle(&mut reactor, &mut seen);
    assert!(is_quiet(&mut reactor, &mut seen));
    for peer in [&a_peer, &b_peer, &c_peer] {
        fire(peer);
    }
    settle(&mut reactor, &mut seen);
    seen.sort_unstable();
    assert_eq!(seen, ["edge", "edge", "exclusive", "exclusive", "level", "level"]);
    assert!(reactor.interest(key).unwrap().is_exclusive());
    // The kernel agrees: it would take a MOD of anything but an exclusive registration.
    assert_eq!(reactor.modify(key, interest().read()).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn interests_in_force_are_those_after_the_rebuild() {
    let (stream, _peer) = pair();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let key = reactor.on(interest().read().with_fd(stream), |d| *d.state += 1).unwrap();
    reactor.modify(key, interest().write().oneshot()).unwrap();
    let mut calls = 0;
    rebuild(&mut reactor, &mut calls);
    settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1, "writable, once");
}

#[test]
fn a_live_port_whose_fd_was_closed_is_told_to_the_hook_and_holds_nobody_up() {
    let (stream, _peer) = pair();
    let stream = at(high_number(), stream);
    let number = stream.as_raw_fd();
    let mut reactor = Eventp::<Vec<String>>::new().unwrap();
    reactor.on_error(|error, told: &mut Vec<String>| {
        assert_eq!((error.operation(), error.kind()), ("rebuild", ErrorKind::InvalidInput));
        told.push(error.to_string());
    });
    let key = reactor.on(interest().read().with_fd(Number(number)), |_| ()).unwrap();
    forget(stream);
    close_behind(number);
    let mut told = Vec::new();
    rebuild(&mut reactor, &mut told);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(&format!("fd {number}")) && told[0].contains("Number"), "{}", told[0]);
    assert!(reactor.contains(key), "the subscriber is still there to be taken or deleted");
    assert_eq!(reactor.modify(key, interest()).unwrap_err().kind(), ErrorKind::NotFound);
    reactor.delete(key).unwrap();
    rebuild(&mut reactor, &mut told);
    assert_eq!(told.len(), 1);
}

#[test]
fn a_remote_still_reaches_the_reactor() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let remote = reactor.remote().unwrap();
    rebuild(&mut reactor, &mut ());
    remote.stop().unwrap();
    reactor.run().unwrap();
}

#[test]
fn a_limbo_that_is_full_is_emptied_outside_of_run_calls_too() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let (stream, _peer) = pair();
    let number = high_number();
    for _ in 0..1000 {
        // The open file lives on in `stream`, so each of these leaves a registration behind.
        dup2(&stream, number);
        let key = reactor.on(interest().read().with_fd(Number(number)), |_| ());
        let Ok(key) = key else { panic!("{key:?}") };
        close_behind(number);
        reactor.delete(key).unwrap();
        assert!(registrations_of(number) <= 1, "one number and one file: one entry");
    }
}

#[test]
fn without_an_fd_to_spare_the_old_instance_works_on_and_the_rebuild_is_tried_again() {
    alone(
        "without_an_fd_to_spare_the_old_instance_works_on_and_the_rebuild_is_tried_again",
        || {
            rlimit::setrlimit(rlimit::Resource::NOFILE, 1024, 1024).unwrap();
            let (stream, peer) = pair();
            let mut reactor = Eventp::<Vec<String>>::new().unwrap();
            reactor.on_error(|error, told: &mut Vec<String>| {
                assert_eq!(
                    (error.operation(), error.kind()),
                    ("rebuild", ErrorKind::QuotaExceeded)
                );
                told.push(error.to_string());
            });
            reactor
                .on(interest().read().with_fd(stream), |d| {
                    d.state.push("event".into());
                    drain(d.fd);
                })
                .unwrap();
            let _ghost = ghost(&mut reactor);
            let mut told = Vec::new();
            let mut hoard = Vec::new();
            while let Ok(fd) = std::fs::File::open("/dev/null") {
                hoard.push(fd);
            }
            for _ in 0..10 {
                fire(&peer);
                reactor.run_once_with(&mut told, LONG).unwrap();
            }
            assert_eq!(told.iter().filter(|&text| text == "event").count(), 10);
            let failures: Vec<_> = told.iter().filter(|&text| text != "event").collect();
            assert_eq!(failures.len(), 1, "told once: {failures:?}");
            assert!(failures[0].contains("RLIMIT_NOFILE"), "{}", failures[0]);

            drop(hoard);
            // After each failure it waits for more batches, at most 1024, before it tries again.
            for _ in 0..1024 {
                reactor.run_once_with(&mut told, NOW).unwrap();
            }
            assert!(is_quiet(&mut reactor, &mut told), "rebuilt when there is an fd again");
        },
    );
}

#[test]
fn a_port_that_takes_the_number_of_the_eventfd_frees_nothing_that_is_still_reported() {
    let name = "a_port_that_takes_the_number_of_the_eventfd_frees_nothing_that_is_still_reported";
    alone(name, || {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let next = pair().0.as_raw_fd();
        let remote = reactor.remote().unwrap();
        for _ in 0..2 {
            // SAFETY: the eventfd has got the lowest number that was free.
            let eventfd = dup(unsafe { std::os::fd::BorrowedFd::borrow_raw(next) });
            let (ours, theirs) = pair();
            dup2(&ours, next);
            let thief = interest().read().with_fd(Number(next));
            let key = reactor.on(thief, |_| panic!("it was deleted")).unwrap();
            // What `EPOLL_CTL_DEL` finds under the number is the eventfd again.
            dup2(&eventfd, next);
            reactor.delete(key).unwrap();
            fire(&theirs);
            assert_eq!(settle(&mut reactor, &mut 0), 0);
            // The ghost had the instance rebuilt, with the eventfd.
            remote.send(|calls, _| *calls += 1).unwrap();
            let mut calls = 0;
            settle(&mut reactor, &mut calls);
            assert_eq!(calls, 1);
        }
    });
}
