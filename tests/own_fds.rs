//! The reactor's own eventfd lives in the same epoll instance as the users' fds: it keeps the rules that hold for them.
//!
//! All in safe code, and alone in its process, since it is about which number the next fd gets.
#![forbid(unsafe_code)]

mod common {
    #![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
    include!("common/safe.rs");
}

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;

use common::*;
use eventp::{
    Dispatch, Eventp, EventpOps, Flow, Handler, HasInterest, Interest, Register, Remote, interest,
};

/// Tests that need the lowest free number take turns.
static TURN: Mutex<()> = Mutex::new(());

struct Conn(Option<UnixStream>);

impl AsFd for Conn {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().unwrap().as_fd()
    }
}

impl HasInterest for Conn {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl<Ep: EventpOps<State = u32>> Handler<Ep> for Conn {
    fn handle(d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        *d.state += 1;
        Ok(Flow::Keep)
    }
}

struct Usurped {
    reactor: Eventp<u32>,
    handle: eventp::Handle<Conn>,
    remote: Remote<u32>,
    open_file: UnixStream,
    peer: UnixStream,
}

/// A reactor whose own eventfd has the number of a subscriber that closed its fd.
fn usurped() -> Usurped {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (stream, peer) = UnixStream::pair().unwrap();
    let number = stream.as_raw_fd();
    let open_file = stream.try_clone().unwrap();
    let handle = Conn(Some(stream)).register_into(&mut reactor).unwrap();
    drop(reactor.get_mut(handle).unwrap().0.take());
    let remote = reactor.remote().unwrap();
    let free = UnixStream::pair().unwrap().0;
    assert_ne!(free.as_raw_fd(), number, "the eventfd did not get the number");
    Usurped { reactor, handle, remote, open_file, peer }
}

#[test]
fn deleting_the_former_owner_of_the_number_frees_nothing_that_is_still_reported() {
    let _turn = TURN.lock().unwrap();
    let Usurped { mut reactor, handle, remote, mut peer, open_file } = usurped();
    reactor.delete(handle).unwrap();
    peer.write_all(b"x").unwrap();
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), 0);
    remote.stop().unwrap();
    reactor.run_with(&mut calls).unwrap();
    assert_eq!(calls, 0);
    drop(open_file);
}

#[test]
fn modifying_the_former_owner_of_the_number_does_not_take_the_wake_ups_away() {
    let _turn = TURN.lock().unwrap();
    let Usurped { mut reactor, handle, remote, .. } = usurped();
    let gone = reactor.modify(handle, interest().read().write()).unwrap_err();
    assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    remote.stop().unwrap();
    let mut calls = 0;
    reactor.run_with(&mut calls).unwrap();
    assert_eq!(calls, 0);
    assert!(reactor.take(handle).is_ok());
}

#[test]
fn a_rebuild_with_a_former_owner_around_succeeds() {
    let _turn = TURN.lock().unwrap();
    let Usurped { mut reactor, remote, mut peer, open_file, .. } = usurped();
    peer.write_all(b"x").unwrap(); // the former owner's registration is a ghost now
    let mut calls = 0;
    settle(&mut reactor, &mut calls);
    let (timeout, began) = (Duration::from_millis(30), std::time::Instant::now());
    assert_eq!(reactor.run_once_with(&mut calls, Some(timeout)).unwrap(), 0);
    assert!(began.elapsed() >= timeout, "the ghost is still reported");
    remote.stop().unwrap();
    reactor.run_with(&mut calls).unwrap();
    drop(open_file);
}

/// The number that the eventfd takes fills limbo, so that the epoll instance is rebuilt in that very moment.
#[test]
fn a_rebuild_in_the_moment_of_its_making_takes_the_eventfd_along() {
    let _turn = TURN.lock().unwrap();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let mut kept = Vec::new();
    let mut swapped = |reactor: &mut Eventp<u32>| {
        let ((stream, peer), (fresh, fresh_peer)) = (pair(), pair());
        kept.extend([stream.try_clone().unwrap(), peer, fresh_peer]);
        let handle = Conn(Some(stream)).register_into(reactor).unwrap();
        reactor.get_mut(handle).unwrap().0 = Some(fresh);
        handle
    };
    for _ in 0..63 {
        let handle = swapped(&mut reactor);
        reactor.delete(handle).unwrap();
    }
    let _last = swapped(&mut reactor);
    let remote = reactor.remote().unwrap();
    remote.stop().unwrap();
    assert_eq!(reactor.run_once_with(&mut 0, LONG).unwrap(), 0);
    assert!(reactor.is_stopping(), "the stop has not reached the reactor");
}

#[test]
fn a_stop_in_the_rest_of_an_interrupted_batch_is_not_slept_over() {
    let _turn = TURN.lock().unwrap();
    for _ in 0..20 {
        let mut reactor = Eventp::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (stream, mut peer) = UnixStream::pair().unwrap();
        let source = interest().read().edge_triggered().with_fd(stream);
        reactor.on(source, |_| -> () { panic!("a handler") }).unwrap();
        peer.write_all(b"x").unwrap();
        remote.stop().unwrap();
        assert!(panics(|| reactor.run()));
        reactor.run().unwrap();
    }
}

#[test]
fn a_stop_does_not_keep_the_rest_of_an_interrupted_batch_from_being_delivered() {
    let _turn = TURN.lock().unwrap();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let mut peers = Vec::new();
    for nth in 0..3 {
        let (stream, mut peer) = UnixStream::pair().unwrap();
        let source = interest().read().edge_triggered().with_fd(stream);
        reactor
            .on(source, move |mut d| {
                *d.state += 1;
                if nth == 0 {
                    d.reactor.stop();
                    panic!("a handler");
                }
            })
            .unwrap();
        peer.write_all(b"x").unwrap();
        peers.push(peer);
    }
    let mut calls = 0;
    assert!(panics(|| reactor.run_with(&mut calls)));
    reactor.run_with(&mut calls).unwrap();
    assert_eq!(calls, 3);
}

#[test]
fn an_error_before_a_panic_is_returned_after_the_rest_of_the_batch() {
    let _turn = TURN.lock().unwrap();
    let mut reactor = Eventp::<Vec<u32>>::new().unwrap();
    let mut peers = Vec::new();
    for nth in 0..3 {
        let (stream, mut peer) = UnixStream::pair().unwrap();
        let source = interest().read().edge_triggered().with_fd(stream);
        reactor
            .on(source, move |d| {
                d.state.push(nth);
                match nth {
                    0 => Err(io::Error::other("trouble")),
                    1 => panic!("a handler"),
                    _ => Ok(()),
                }
            })
            .unwrap();
        peer.write_all(b"x").unwrap();
        peers.push(peer);
    }
    let mut seen = Vec::new();
    assert!(panics(|| reactor.run_once_with(&mut seen, LONG)));
    let error = reactor.run_once_with(&mut seen, LONG).unwrap_err();
    assert!(error.to_string().contains("trouble"));
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn run_once_heeds_a_stop_once_and_then_waits_again() {
    let _turn = TURN.lock().unwrap();
    let mut reactor = Eventp::new().unwrap();
    reactor.stop();
    assert_eq!(reactor.run_once(None).unwrap(), 0, "does not wait");
    assert!(reactor.is_stopping());
    let (timeout, began) = (Duration::from_millis(20), std::time::Instant::now());
    assert_eq!(reactor.run_once(Some(timeout)).unwrap(), 0);
    assert!(began.elapsed() >= timeout, "a loop that ignores the stop does not spin");
    reactor.run().unwrap();
    assert!(!reactor.is_stopping());
}
