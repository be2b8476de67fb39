//! A reactor inside of another loop, by its readiness fd.

mod common;

use std::cell::RefCell;
use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use common::NOW;
use eventp::{Eventp, Readiness, event, interest};

fn is_ready(readiness: &Readiness) -> bool {
    let mut fds =
        [nix::poll::PollFd::new(std::os::fd::AsFd::as_fd(readiness), nix::poll::PollFlags::POLLIN)];
    nix::poll::poll(&mut fds, nix::poll::PollTimeout::ZERO).unwrap() == 1
}

#[test]
fn it_is_ready_when_a_subscriber_is_and_not_when_all_is_done() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let (ours, theirs) = common::pair();
    reactor
        .on(interest().read().with_fd(ours), |d| {
            common::drain(d.fd);
            *d.state += 1;
        })
        .unwrap();
    assert!(!is_ready(&readiness));
    common::fire(&theirs);
    assert!(is_ready(&readiness));
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
    assert!(!is_ready(&readiness));
}

#[test]
fn it_is_ready_for_what_the_kernel_does_not_know_of() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let (ours, _theirs) = common::pair();
    let key = reactor.on(interest().read().with_fd(ours), |d| *d.state += 1).unwrap();
    let mut calls = 0;

    reactor.trigger(key, event().readable()).unwrap();
    assert!(is_ready(&readiness));
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);

    let notifier = reactor.notifier(|d| *d.state += 10).unwrap();
    notifier.notify().unwrap();
    // Turn by turn, as an outer loop calls it: as long as it is ready.
    while is_ready(&readiness) {
        reactor.run_once_with(&mut calls, NOW).unwrap();
    }
    assert_eq!(calls, 11);

    reactor.remote().unwrap().send(|calls, _| *calls += 100).unwrap();
    assert!(is_ready(&readiness));
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 111);
    assert!(!is_ready(&readiness));
}

#[test]
fn it_is_ready_for_a_trigger_that_waited_while_it_was_the_turn_of_the_fds() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let (ours, _theirs) = common::pair();
    let key = reactor.on(common::edge().with_fd(ours), |d| *d.state += 1).unwrap();
    let mut calls = 0;
    reactor.trigger(key, event().readable()).unwrap();
    reactor.run_once_with(&mut calls, NOW).unwrap();
    assert_eq!(calls, 1);
    reactor.modify(key, interest().write().edge_triggered()).unwrap(); // ready, once
    reactor.trigger(key, event().readable()).unwrap();
    for _ in 0..5 {
        if is_ready(&readiness) {
            reactor.run_once_with(&mut calls, NOW).unwrap();
        }
    }
    assert_eq!(calls, 3);
}

#[test]
fn it_is_ready_for_what_was_left_undone_before_it_was_made() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (ours, _theirs) = common::pair();
    let key = reactor.on(interest().with_fd(ours), |d| *d.state += 1).unwrap();
    reactor.trigger(key, event().readable()).unwrap();
    for readiness in [reactor.readiness().unwrap(), reactor.readiness().unwrap()] {
        assert!(is_ready(&readiness));
    }
}

#[test]
fn it_is_ready_for_the_rest_of_a_batch_that_a_panic_interrupted() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let mut peers = Vec::new();
    for _ in 0..2 {
        let (ours, theirs) = common::pair();
        common::fire(&theirs);
        let source = common::edge().with_fd(ours);
        reactor
            .on(source, |d| {
                *d.state += 1;
                assert_ne!(*d.state, 1, "as told");
            })
            .unwrap();
        peers.push(theirs);
    }
    let mut calls = 0;
    assert!(common::panics(|| reactor.run_once_with(&mut calls, NOW)));
    assert!(is_ready(&readiness));
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 2);
}

/// Calls a reactor as an outer loop does that watches level-triggered: once whenever it is ready.
fn call_while_ready(reactor: &mut Eventp<u32>, readiness: &Readiness) -> u32 {
    let mut calls = 0;
    while is_ready(readiness) {
        reactor.run_once_with(&mut calls, NOW).unwrap();
    }
    calls
}

#[test]
fn it_is_ready_until_all_triggers_are_answered_though_a_batch_has_no_room_for_them() {
    let mut reactor = Eventp::<u32>::builder().capacity(4).build().unwrap();
    let readiness = reactor.readiness().unwrap();
    for _ in 0..30 {
        let (ours, theirs) = common::pair();
        let source = interest().read().with_fd(common::With(ours, theirs));
        let key = reactor.on(source, |d| *d.state += 1).unwrap();
        reactor.trigger(key, event().readable()).unwrap();
    }
    assert_eq!(call_while_ready(&mut reactor, &readiness), 30);
}

#[test]
fn it_is_ready_for_a_trigger_that_waits_for_the_fds_to_have_their_turn() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let (ours, _theirs) = common::pair();
    // Its first call triggers the second, in a turn that is not theirs.
    let key = reactor
        .on(interest().read().with_fd(ours), |mut d| {
            *d.state += 1;
            if *d.state < 10 { d.reactor.trigger(d.key, event().readable()) } else { Ok(()) }
        })
        .unwrap();
    let (other, theirs) = common::pair();
    reactor.on(common::edge().with_fd(other), |_| ()).unwrap();
    common::fire(&theirs);
    reactor.trigger(key, event().readable()).unwrap();
    assert_eq!(call_while_ready(&mut reactor, &readiness), 10);
}

#[test]
fn it_is_ready_for_errors_that_are_still_to_be_told() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let remote = reactor.remote().unwrap();
    for _ in 0..5 {
        remote.send(|_, _| io::Result::<()>::Err(io::Error::other("no luck"))).unwrap();
    }
    let mut told = 0;
    while is_ready(&readiness) {
        told += u32::from(reactor.run_once_with(&mut 0, NOW).is_err());
    }
    assert_eq!(told, 5);
}

#[test]
fn a_batch_with_no_event_for_anybody_does_not_hide_what_it_had_no_room_for() {
    let mut reactor = Eventp::<u32>::builder().capacity(1).build().unwrap();
    let mut outer = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let source = common::edge().with_fd(reactor.readiness().unwrap());
    let (ours, theirs) = common::pair();
    // The eventfd is the first in the kernel's list, and concerns nobody.
    drop(remote.call_async(|_, _| ()));
    common::fire(&theirs);
    reactor
        .on(interest().read().with_fd(ours), |d| {
            common::drain(d.fd);
            *d.state += 1;
        })
        .unwrap();
    // Until it answers 0, as the documentation says of an edge-triggered outer loop.
    outer
        .on(source, move |d| -> io::Result<()> {
            while reactor.run_once_with(d.state, NOW)? > 0 {}
            Ok(())
        })
        .unwrap();
    let mut calls = 0;
    common::settle(&mut outer, &mut calls);
    for _ in 0..3 {
        outer.run_once_with(&mut calls, NOW).unwrap();
    }
    assert_eq!(calls, 1);
}

#[test]
fn a_rebuild_takes_it_along() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let _ghost = common::ghost(&mut reactor);
    assert!(is_ready(&readiness));
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert!(!is_ready(&readiness), "the ghost went with the old instance");
    let (other, peer) = common::pair();
    reactor.on(interest().read().with_fd(other), |d| *d.state += 1).unwrap();
    common::fire(&peer);
    assert!(is_ready(&readiness), "the new instance is watched");
}

#[test]
fn three_deep_each_calls_the_next() {
    let mut innermost = Eventp::<u32>::new().unwrap();
    let remote = innermost.remote().unwrap();
    let mut inner = Eventp::<u32>::new().unwrap();
    let source = interest().read().with_fd(innermost.readiness().unwrap());
    inner.on(source, move |d| innermost.run_once_with(d.state, NOW).map(drop)).unwrap();
    let mut outer = Eventp::<u32>::new().unwrap();
    let source = interest().read().with_fd(inner.readiness().unwrap());
    outer.on(source, move |d| inner.run_once_with(d.state, NOW).map(drop)).unwrap();
    let other = std::thread::spawn(move || remote.send(|calls, _| *calls += 1));
    let mut calls = 0;
    while calls == 0 {
        outer.run_once_with(&mut calls, Some(Duration::from_secs(30))).unwrap();
    }
    other.join().unwrap().unwrap();
}

#[test]
fn whatever_is_done_to_it_the_registrations_stay() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let readiness = reactor.readiness().unwrap();
    let (ours, theirs) = common::pair();
    reactor.on(interest().read().with_fd(ours), |d| *d.state += 1).unwrap();
    // As much as one can do with it: register other things, and close it.
    let (other, _other_peer) = common::pair();
    let mut bystander = libc::epoll_event { events: libc::EPOLLOUT as u32, u64: 7 };
    let fd = readiness.as_raw_fd();
    // SAFETY: the event lives across the call.
    let added =
        unsafe { libc::epoll_ctl(fd, libc::EPOLL_CTL_ADD, other.as_raw_fd(), &mut bystander) };
    assert_eq!(added, 0, "{}", io::Error::last_os_error());
    drop(readiness);
    common::fire(&theirs);
    let mut calls = 0;
    assert_eq!(reactor.run_once_with(&mut calls, NOW).unwrap(), 1);
    assert_eq!(calls, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn tokio_can_be_the_outer_loop() {
    let reactor = Rc::new(RefCell::new(Eventp::<Vec<u32>>::new().unwrap()));
    let remote = reactor.borrow_mut().remote().unwrap();
    let readiness = reactor.borrow_mut().readiness().unwrap();
    // SAFETY: a `Readiness` names the same open file as long as it lives.
    let watched = unsafe { tokio::io::unix::AsyncFd::register(readiness) }.unwrap();
    let other = std::thread::spawn(move || {
        for number in 0..100 {
            remote.send(move |numbers, _| numbers.push(number)).unwrap();
            std::thread::yield_now();
        }
    });
    let mut numbers = Vec::new();
    let drive = async {
        while numbers.len() < 100 {
            let mut guard = watched.readable().await.unwrap();
            // tokio watches edge-triggered: until there is nothing left.
            guard.clear_ready();
            common::settle(&mut reactor.borrow_mut(), &mut numbers);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), drive).await.unwrap();
    other.join().unwrap();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}
