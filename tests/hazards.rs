//! The hazards of the design (section 4.3), each seen failing in a released crate, each with a test of its name.
//!
//! Those whose answer is "does not compile" are in `ui-tests/fail/pinned`.

mod common;

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;

use common::*;
use eventp::{
    Dispatch, Eventp, EventpOps, Flow, Handle, Handler, HasInterest, Interest, Key, interest,
};

/// A subscriber whose handler is a function pointer, for tests that need a `Handle`.
struct Sub<S: 'static> {
    stream: UnixStream,
    interest: Interest,
    handler: SubHandler<S>,
}

type SubHandler<S> = fn(Dispatch<'_, Sub<S>, Eventp<S>>) -> io::Result<Flow>;

impl<S> AsFd for Sub<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl<S> HasInterest for Sub<S> {
    fn interest(&self) -> Interest {
        self.interest
    }
}

impl<S: 'static> Handler<Eventp<S>> for Sub<S> {
    fn handle(dispatch: Dispatch<'_, Self, Eventp<S>>) -> io::Result<Flow> {
        (dispatch.fd.handler)(dispatch)
    }
}

mod as_fd_is_asked_once {
    use super::*;

    /// Answers with another fd each time, and counts.
    struct Liar {
        fds: [UnixStream; 3],
        asked: Rc<Cell<usize>>,
        _drops: DropGuard,
    }

    impl AsFd for Liar {
        fn as_fd(&self) -> BorrowedFd<'_> {
            let nth = self.asked.get();
            self.asked.set(nth + 1);
            self.fds[nth % 3].as_fd()
        }
    }

    impl HasInterest for Liar {
        fn interest(&self) -> Interest {
            interest().read()
        }
    }

    impl<Ep: EventpOps> Handler<Ep> for Liar {
        fn handle(mut d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
            drain(&d.fd.fds[0]);
            d.reactor.modify(d.key, interest().read().write())?;
            d.reactor.delete(d.key)?;
            // Still our own `&mut self`, not that of a dropped value.
            assert!(d.fd.fds.iter().all(|fd| fd.as_raw_fd() >= 0));
            Ok(Flow::Keep)
        }
    }

    #[test]
    fn a_type_that_answers_differently_each_time_can_delete_itself() {
        let (fds, peers): (Vec<_>, Vec<_>) = (0..3).map(|_| pair()).unzip();
        let (asked, drops) = (Rc::default(), Drops::default());
        let mut reactor = Eventp::<()>::new().unwrap();
        let fds = fds.try_into().unwrap();
        let liar = Liar { fds, asked: Rc::clone(&asked), _drops: drops.guard() };
        let first = liar.fds[0].as_raw_fd();
        let handle = reactor.add(liar).unwrap();
        assert_eq!(reactor.iter().next().unwrap().ports().next().unwrap().fd(), first);

        fire(&peers[1]);
        assert_eq!(reactor.run_once(NOW).unwrap(), 0, "only the first answer is watched");
        fire(&peers[0]);
        assert_eq!(reactor.run_once(NOW).unwrap(), 1);
        assert_eq!(asked.get(), 1);
        assert_eq!(drops.count(), 1);
        assert!(!reactor.contains(handle));
    }

    /// Panics where others answer.
    struct Moody;

    impl AsFd for Moody {
        fn as_fd(&self) -> BorrowedFd<'_> {
            panic!("no fd today")
        }
    }

    impl HasInterest for Moody {
        fn interest(&self) -> Interest {
            interest()
        }
    }

    impl<Ep: EventpOps> Handler<Ep> for Moody {
        fn handle(_: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
            unreachable!()
        }
    }

    #[test]
    fn a_type_that_panics_instead_of_answering_leaves_nothing_behind() {
        let mut reactor = Eventp::<()>::new().unwrap();
        assert!(panics(|| reactor.add(Moody)));
        assert!(reactor.is_empty());
        let (stream, peer) = pair();
        reactor.on(interest().read().with_fd(stream), |d| _ = drain(d.fd)).unwrap();
        fire(&peer);
        assert_eq!(reactor.run_once(LONG).unwrap(), 1);
    }
}

mod destructor_panics_during_a_delete {
    use super::*;

    struct Bomb(Drops);

    impl Drop for Bomb {
        fn drop(&mut self) {
            drop(self.0.guard());
            panic!("a destructor");
        }
    }

    #[test]
    fn of_another_subscriber_and_the_handler_catches_it() {
        let drops = Drops::default();
        let mut reactor = Eventp::<Option<Key>>::new().unwrap();
        let ((a, a_peer), (b, b_peer)) = (pair(), pair());
        let bomb = With(b, Bomb(drops.clone()));
        let calls = Rc::new(Cell::new(0));
        let seen = Rc::clone(&calls);
        reactor
            .on(interest().read().with_fd(a), move |mut d| {
                seen.set(seen.get() + 1);
                drain(d.fd);
                let victim = d.state.take().unwrap();
                assert!(panics(|| d.reactor.delete(victim)));
                assert_eq!(d.reactor.delete(victim).unwrap_err().kind(), io::ErrorKind::NotFound);
            })
            .unwrap();
        let victim = reactor
            .on(interest().read().with_fd(bomb), |_| panic!("the event of a deleted subscriber"))
            .unwrap();
        fire(&a_peer);
        fire(&b_peer);
        // Both are in one batch, and the victim's event comes after its destructor has panicked.
        assert_eq!(reactor.run_once_with(&mut Some(victim), LONG).unwrap(), 1);
        assert_eq!((calls.get(), drops.count(), reactor.len()), (1, 1, 1));
    }

    #[test]
    fn of_itself_and_nobody_in_the_loop_catches_it() {
        let drops = Drops::default();
        let mut reactor = Eventp::<()>::new().unwrap();
        let ((a, a_peer), (b, b_peer)) = (pair(), pair());
        reactor
            .on(edge().with_fd(With(a, Bomb(drops.clone()))), |mut d| d.reactor.delete(d.key))
            .unwrap();
        reactor.on(edge().with_fd(b), |d| _ = drain(d.fd)).unwrap();
        fire(&a_peer);
        fire(&b_peer);
        assert!(panics(|| reactor.run_once(LONG)));
        assert_eq!((drops.count(), reactor.len()), (1, 1));
        assert_eq!(reactor.run_once(NOW).unwrap(), 1, "the other event of the batch is not lost");
    }

    #[test]
    fn from_outside() {
        let drops = Drops::default();
        let mut reactor = Eventp::<()>::new().unwrap();
        let bomb = With(pair().0, Bomb(drops.clone()));
        let key = reactor.on(interest().read().with_fd(bomb), |_| ()).unwrap();
        assert!(panics(|| reactor.delete(key)));
        assert_eq!(reactor.delete(key).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!((drops.count(), reactor.len()), (1, 0));
    }

    #[test]
    fn while_the_reactor_is_dropped_and_the_others_are_dropped_all_the_same() {
        let (bombs, others) = (Drops::default(), Drops::default());
        let mut reactor = Eventp::<()>::new().unwrap();
        for nth in 0..5 {
            if nth == 2 {
                let bomb = With(pair().0, Bomb(bombs.clone()));
                reactor.on(interest().with_fd(bomb), |_| ()).unwrap();
            } else {
                let other = With(pair().0, others.guard());
                reactor.on(interest().with_fd(other), |_| ()).unwrap();
            }
        }
        assert!(panics(|| drop(reactor)));
        assert_eq!((bombs.count(), others.count()), (1, 4));
    }
}

#[test]
fn a_handler_can_modify_its_own_interest() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<Vec<Interest>>::new().unwrap();
    let key = reactor
        .on(interest().read().with_fd(stream), |mut d| {
            d.state.push(d.interest);
            let next = if d.event.is_readable() {
                drain(d.fd);
                interest().write()
            } else {
                interest().read()
            };
            d.reactor.modify(d.key, next)?;
            assert_eq!(d.reactor.interest(d.key)?, next);
            Ok(())
        })
        .unwrap();
    fire(&peer);
    let mut seen = Vec::new();
    assert_eq!(settle(&mut reactor, &mut seen), 2);
    assert_eq!(seen, [interest().read(), interest().write()]);
    assert_eq!(reactor.interest(key).unwrap(), interest().read());
}

mod handler_panics_and_the_caller_catches {
    use super::*;

    fn three_edges(panicking: usize) -> (Eventp<Vec<usize>>, Vec<UnixStream>) {
        let mut reactor = Eventp::<Vec<usize>>::new().unwrap();
        let mut peers = Vec::new();
        for nth in 0..3 {
            let (stream, peer) = pair();
            reactor
                .on(edge().with_fd(stream), move |d| {
                    d.state.push(nth);
                    assert!(nth != panicking, "a handler");
                })
                .unwrap();
            peers.push(peer);
        }
        peers.iter().for_each(fire);
        (reactor, peers)
    }

    #[test]
    fn the_other_edges_of_the_batch_are_delivered_by_the_next_run_call() {
        for panicking in 0..3 {
            let (mut reactor, _peers) = three_edges(panicking);
            let mut seen = Vec::new();
            assert!(panics(|| reactor.run_once_with(&mut seen, LONG)));
            assert_eq!(settle(&mut reactor, &mut seen), 2 - panicking);
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2], "each edge once");
            assert_eq!(reactor.len(), 3, "the panicking one stays");
        }
    }

    #[test]
    fn what_happens_before_the_next_run_call_counts_as_inside_the_batch() {
        let (mut reactor, _peers) = three_edges(0);
        let mut seen = Vec::new();
        assert!(panics(|| reactor.run_once_with(&mut seen, LONG)));
        // Deleting one whose event is still to come silences that event.
        let last = reactor.iter().map(|entry| entry.key()).max().unwrap();
        reactor.delete(last).unwrap();
        assert_eq!(settle(&mut reactor, &mut seen), 1);
        assert_eq!(seen, [0, 1]);
    }

    #[test]
    fn take_refuses_a_subscriber_whose_event_is_still_to_come() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let mut handles = Vec::new();
        let mut peers = Vec::new();
        for nth in 0..2 {
            let (stream, peer) = pair();
            let handler = match nth {
                0 => |_: Dispatch<'_, Sub<u32>, _>| panic!("a handler"),
                _ => |d: Dispatch<'_, Sub<u32>, Eventp<u32>>| {
                    *d.state += 1;
                    Ok(Flow::Keep)
                },
            };
            let sub = Sub { stream, interest: edge(), handler };
            handles.push(reactor.add(sub).unwrap());
            fire(&peer);
            peers.push(peer);
        }
        let mut count = 0;
        assert!(panics(|| reactor.run_once_with(&mut count, LONG)));
        let busy = reactor.take(handles[1]).err().unwrap();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert!(busy.to_string().contains("make a run call first"), "{busy}");
        assert!(reactor.take(handles[0]).is_ok(), "its event has been delivered");
        assert_eq!(reactor.run_once_with(&mut count, NOW).unwrap(), 1);
        assert_eq!(count, 1);
        assert!(reactor.take(handles[1]).is_ok());
    }

    #[test]
    fn a_subscriber_that_deleted_itself_first_is_dropped_once() {
        let drops = Drops::default();
        let mut reactor = Eventp::<()>::new().unwrap();
        let (stream, peer) = pair();
        reactor
            .on(interest().read().with_fd(With(stream, drops.guard())), |mut d| {
                d.reactor.delete(d.key).unwrap();
                panic!("a handler");
            })
            .unwrap();
        fire(&peer);
        assert!(panics(|| reactor.run_once(LONG)));
        assert!(reactor.is_empty());
        assert_eq!(reactor.run_once(NOW).unwrap(), 0);
        assert_eq!(drops.count(), 1);
    }
}

mod handler_returns_an_error {
    use super::*;

    fn failing(reactor: &mut Eventp<Vec<String>>, peers: &mut Vec<UnixStream>) {
        for nth in 0..4 {
            let (stream, peer) = pair();
            reactor
                .on(edge().with_fd(stream), move |d| {
                    d.state.push(format!("event {nth}"));
                    if nth % 2 == 0 {
                        Err(io::Error::other(format!("trouble {nth}")))
                    } else {
                        Ok(())
                    }
                })
                .unwrap();
            fire(&peer);
            peers.push(peer);
        }
    }

    #[test]
    fn the_batch_goes_on_and_the_hook_is_told_of_each() {
        let (mut reactor, mut peers) = (Eventp::<Vec<String>>::new().unwrap(), Vec::new());
        failing(&mut reactor, &mut peers);
        reactor.on_error(|error, state| {
            assert_eq!(error.operation(), "handle");
            assert!(error.key().is_some() && error.fd().is_some());
            state.push(error.io_error().to_string());
        });
        let mut told = Vec::new();
        assert_eq!(reactor.run_once_with(&mut told, LONG).unwrap(), 4);
        told.sort();
        assert_eq!(told, ["event 0", "event 1", "event 2", "event 3", "trouble 0", "trouble 2"]);
        assert_eq!(reactor.len(), 2, "only those that failed are gone");
    }

    #[test]
    fn without_a_hook_run_calls_return_one_after_the_other_when_the_batch_is_finished() {
        let (mut reactor, mut peers) = (Eventp::<Vec<String>>::new().unwrap(), Vec::new());
        failing(&mut reactor, &mut peers);
        let mut told = Vec::new();
        let first = reactor.run_once_with(&mut told, LONG).unwrap_err();
        assert_eq!(told.len(), 4, "all events of the batch were delivered first");
        let second = reactor.run_once_with(&mut told, LONG).unwrap_err();
        assert!(first.to_string().contains("trouble 0"), "{first}");
        assert!(second.to_string().contains("trouble 2"), "{second}");
        assert_eq!(reactor.run_once_with(&mut told, NOW).unwrap(), 0);
    }

    #[test]
    fn a_panicking_hook_loses_neither_the_batch_nor_the_other_errors() {
        let (mut reactor, mut peers) = (Eventp::<Vec<String>>::new().unwrap(), Vec::new());
        failing(&mut reactor, &mut peers);
        reactor.on_error(|_, _| panic!("a hook"));
        let mut told = Vec::new();
        assert!(panics(|| reactor.run_once_with(&mut told, LONG)));
        reactor.on_error(|error, told: &mut Vec<String>| told.push(error.io_error().to_string()));
        settle(&mut reactor, &mut told);
        assert!(told.contains(&"trouble 2".to_owned()), "{told:?}");
        assert!(told.contains(&"event 3".to_owned()), "{told:?}");
    }
}

mod fd_closed_while_a_dup_lives {
    use super::*;

    #[test]
    fn delete_succeeds_and_the_ghost_does_not_spin_the_loop() {
        let (stream, peer) = pair();
        let stream = at(high_number(), stream);
        let ghost = dup(&stream);
        let drops = Drops::default();
        let mut reactor = Eventp::<()>::new().unwrap();
        let handle = reactor.add(Conn { stream: Some(stream), _drops: drops.guard() }).unwrap();
        drop(reactor.get_mut(handle).unwrap().stream.take());
        fire(&peer);
        reactor.delete(handle).unwrap();
        assert_eq!(drops.count(), 1);
        assert_eq!(settle(&mut reactor, &mut ()), 0);
        // The ghost stays readable, so a wait that ends by its timeout says that the kernel has no registration of it any more.
        let began = std::time::Instant::now();
        assert_eq!(reactor.run_once(Some(std::time::Duration::from_millis(50))).unwrap(), 0);
        assert!(
            began.elapsed() >= std::time::Duration::from_millis(50),
            "the ghost ended the wait"
        );
        drop(ghost);
    }

    /// Can close its fd while it is registered, all in safe code.
    struct Conn {
        stream: Option<UnixStream>,
        _drops: DropGuard,
    }

    impl AsFd for Conn {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.stream.as_ref().unwrap().as_fd()
        }
    }

    impl HasInterest for Conn {
        fn interest(&self) -> Interest {
            interest().read()
        }
    }

    impl<Ep: EventpOps> Handler<Ep> for Conn {
        fn handle(_: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
            panic!("an event of the dead")
        }
    }

    #[test]
    fn many_closed_fds_do_not_pile_up() {
        let mut reactor = Eventp::<()>::new().unwrap();
        let mut ghosts = Vec::new();
        for _ in 0..1000 {
            let (stream, peer) = pair();
            let stream = at(high_number(), stream);
            let number = stream.as_raw_fd();
            ghosts.push((dup(&stream), peer));
            let key = reactor.on(interest().read().with_fd(Number(number)), |_| ()).unwrap();
            drop(stream);
            reactor.delete(key).unwrap();
            if ghosts.len() > 100 {
                ghosts.clear();
            }
        }
        assert!(reactor.is_empty());
    }

    /// Somebody else's fd.
    struct Number(i32);

    impl AsFd for Number {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: for the test: the number is open when it is registered.
            unsafe { BorrowedFd::borrow_raw(self.0) }
        }
    }
}

/// epoll keys by number and open file. Here `EPOLL_CTL_DEL` of the second subscriber returns 0, but removes the first one's entry;
/// the second one's is still there and fires. Its memory must be, too.
#[test]
fn a_successful_del_that_removed_another_entry_frees_nothing() {
    let number = high_number();
    let ((f1, f1_peer), (f2, f2_peer)) = (pair(), pair());
    let mut reactor = Eventp::<()>::new().unwrap();
    let forbidden = |_: Dispatch<'_, UnixStream, _>| panic!("an event of the dead");

    let first =
        reactor.on(interest().read().with_fd(at(number, f1.try_clone().unwrap())), forbidden);
    close_behind(number);
    dup2(&f2, number); // so that dropping the first closes something
    reactor.delete(first.unwrap()).unwrap(); // ENOENT: (f1, number) stays in the kernel

    let second =
        reactor.on(interest().read().with_fd(at(number, f2.try_clone().unwrap())), forbidden);
    dup2(&f1, number);
    reactor.delete(second.unwrap()).unwrap(); // removes (f1, number); (f2, number) stays in the kernel

    fire(&f2_peer);
    fire(&f1_peer);
    assert_eq!(settle(&mut reactor, &mut ()), 0);
}

mod number_reused_while_the_old_registration_is_stale {
    use super::*;

    fn count(d: Dispatch<'_, Sub<u32>, Eventp<u32>>) -> io::Result<Flow> {
        drain(&d.fd.stream);
        *d.state += 1;
        Ok(Flow::Keep)
    }

    #[test]
    fn the_new_fd_is_accepted_and_the_old_subscriber_is_silent() {
        let number = high_number();
        let ((old, old_peer), (new, new_peer)) = (pair(), pair());
        let mut reactor = Eventp::<u32>::new().unwrap();
        let stream = at(number, old.try_clone().unwrap());
        let old_handle =
            reactor.add(Sub { stream, interest: interest().read(), handler: count }).unwrap();
        // The old one's socket is replaced inside of it; its number is free, its open file lives on in `old`.
        let spare = pair().0;
        drop(std::mem::replace(&mut reactor.get_mut(old_handle).unwrap().stream, spare));
        let stream = at(number, new);
        let new_handle =
            reactor.add(Sub { stream, interest: interest().read(), handler: count }).unwrap();

        assert!(reactor.contains(old_handle) && reactor.contains(new_handle), "nothing is lost");
        let gone = reactor.modify(old_handle, interest().write()).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
        assert!(gone.to_string().contains("closed or replaced"), "{gone}");

        fire(&old_peer);
        let mut calls = 0;
        assert_eq!(settle(&mut reactor, &mut calls), 0, "the old file reports to nobody");
        fire(&new_peer);
        assert_eq!(settle(&mut reactor, &mut calls), 1);
        assert_eq!(calls, 1);

        // Deleting the old one leaves the new one's registration alone.
        assert!(reactor.take(old_handle).is_ok());
        fire(&new_peer);
        assert_eq!(settle(&mut reactor, &mut calls), 1);
        reactor.delete(new_handle).unwrap();
        drop(old);
    }

    #[test]
    fn the_running_subscriber_can_be_the_old_one() {
        let number = high_number();
        let (old, old_peer) = pair();
        let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
        let stream = at(number, old);
        reactor
            .on(interest().read().with_fd(Slot(stream)), move |mut d| {
                d.state.push("old");
                let (fresh, fresh_peer) = pair();
                let spare = pair().0;
                drop(std::mem::replace(&mut d.fd.0, spare)); // closes `number`
                let fresh = at(number, fresh);
                fire(&fresh_peer);
                d.reactor.on(interest().read().with_fd(fresh), move |d| {
                    let _keep = &fresh_peer;
                    d.state.push("new");
                    drain(d.fd);
                })?;
                Ok(())
            })
            .unwrap();
        fire(&old_peer);
        let mut seen = Vec::new();
        assert_eq!(settle(&mut reactor, &mut seen), 2);
        assert_eq!(seen, ["old", "new"]);
        assert_eq!(reactor.len(), 2);
    }

    struct Slot(UnixStream);

    impl AsFd for Slot {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[test]
fn a_stale_key_never_names_a_successor() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let mut stale: Vec<Key> = Vec::new();
    for _ in 0..100 {
        let (stream, _peer) = pair();
        let key = reactor.on(interest().with_fd(stream), |_| ()).unwrap();
        for &old in &stale {
            assert_ne!(old, key);
            assert_eq!(reactor.delete(old).unwrap_err().kind(), io::ErrorKind::NotFound);
            assert!(!reactor.contains(old));
        }
        reactor.delete(key).unwrap();
        stale.push(key);
    }
}

#[test]
fn a_handle_of_another_reactor_is_not_found() {
    let mut ours = Eventp::<()>::new().unwrap();
    let mut others = Eventp::<()>::new().unwrap();
    let handler = |_: Dispatch<'_, Sub<()>, Eventp<()>>| Ok(Flow::Keep);
    let sub = || Sub { stream: pair().0, interest: interest(), handler };
    let (here, there) = (ours.add(sub()).unwrap(), others.add(sub()).unwrap());
    assert_eq!(ours.get(there).err().unwrap().kind(), io::ErrorKind::NotFound);
    assert_eq!(others.take(here).err().unwrap().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_handler_can_delete_itself_and_add_the_fd_it_just_gave_up() {
    struct Slot(Option<UnixStream>);
    impl AsFd for Slot {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_ref().unwrap().as_fd()
        }
    }
    let (stream, peer) = pair();
    let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
    reactor
        .on(interest().read().with_fd(Slot(Some(stream))), |mut d| {
            d.state.push("http");
            d.reactor.delete(d.key)?;
            assert!(!d.reactor.contains(d.key));
            let upgraded = d.fd.0.take().unwrap();
            d.reactor.on(interest().read().with_fd(upgraded), |d| {
                d.state.push("websocket");
                drain(d.fd);
            })?;
            Ok(())
        })
        .unwrap();
    fire(&peer);
    let mut seen = Vec::new();
    assert_eq!(settle(&mut reactor, &mut seen), 2);
    assert_eq!(seen, ["http", "websocket"]);
    assert_eq!(reactor.len(), 1);
}

mod no_way_to_stop_the_loop {
    use super::*;

    #[test]
    fn flow_stop() {
        let (stream, peer) = pair();
        let mut reactor = Eventp::new().unwrap();
        reactor.on(interest().read().with_fd(stream), |_| Flow::Stop).unwrap();
        fire(&peer);
        reactor.run().unwrap();
        assert_eq!(reactor.len(), 1, "the one that stops stays");
        reactor.run().unwrap();
    }

    #[test]
    fn pinned_stop_finishes_the_batch_first() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let mut peers = Vec::new();
        for _ in 0..3 {
            let (stream, peer) = pair();
            reactor
                .on(edge().with_fd(stream), |mut d| {
                    *d.state += 1;
                    d.reactor.stop();
                })
                .unwrap();
            fire(&peer);
            peers.push(peer);
        }
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap();
        assert_eq!(calls, 3);
    }

    #[test]
    fn another_thread_wakes_and_stops_it() {
        let mut reactor = Eventp::new().unwrap();
        let remote = reactor.remote().unwrap();
        let other = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(20));
            remote.stop().unwrap();
            remote
        });
        reactor.run().unwrap();
        let remote = other.join().unwrap();
        drop(reactor);
        assert_eq!(remote.stop().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_remote_call_from_the_reactors_own_thread_does_not_hang() {
        let mut reactor = Eventp::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (stream, peer) = pair();
        let ours = remote.clone();
        reactor
            .on(interest().read().with_fd(stream), move |d| {
                drain(d.fd);
                ours.stop()
            })
            .unwrap();
        fire(&peer);
        reactor.run().unwrap();
        remote.stop().unwrap();
        reactor.run().unwrap();
    }
}

#[test]
fn error_and_hangup_reach_a_handler_that_did_not_ask_for_them() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<bool>::new().unwrap();
    reactor
        .on(interest().with_fd(stream), |d| {
            *d.state = d.event.is_hangup();
            Flow::Remove
        })
        .unwrap();
    drop(peer);
    let mut hung_up = false;
    assert_eq!(reactor.run_once_with(&mut hung_up, LONG).unwrap(), 1);
    assert!(hung_up && reactor.is_empty());
}

#[test]
fn a_handler_lends_another_subscriber_but_not_its_own() {
    type State = Vec<Handle<Sub<State2>>>;
    struct State2(State);
    fn poke(mut d: Dispatch<'_, Sub<State2>, Eventp<State2>>) -> io::Result<Flow> {
        drain(&d.fd.stream);
        let [own, other] = d.state.0[..] else { unreachable!() };
        let busy = d.reactor.get_mut(own).err().unwrap();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        d.reactor.get_mut(other)?.interest = interest().priority();
        Ok(Flow::Keep)
    }
    let mut reactor = Eventp::<State2>::new().unwrap();
    let (stream, peer) = pair();
    let own = reactor.add(Sub { stream, interest: interest().read(), handler: poke }).unwrap();
    let (stream, _other_peer) = pair();
    let sub = Sub { stream, interest: interest().read(), handler: poke };
    let other = reactor.add(sub).unwrap();
    fire(&peer);
    assert_eq!(reactor.run_once_with(&mut State2(vec![own, other]), LONG).unwrap(), 1);
    assert_eq!(reactor.get(other).unwrap().interest, interest().priority());
    assert_eq!(reactor.interest(other).unwrap(), interest().read(), "the reactor's is its own");
}

#[test]
fn what_is_added_during_a_batch_fires_from_the_next_one_on() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<Vec<&str>>::new().unwrap();
    reactor
        .on(edge().with_fd(stream), |mut d| {
            d.state.push("first");
            let (ready, ready_peer) = pair();
            fire(&ready_peer);
            d.reactor.on(edge().with_fd(With(ready, OwnedFd::from(ready_peer))), |d| {
                d.state.push("added");
            })?;
            Ok(())
        })
        .unwrap();
    fire(&peer);
    let mut seen = Vec::new();
    assert_eq!(reactor.run_once_with(&mut seen, LONG).unwrap(), 1);
    assert_eq!(seen, ["first"]);
    assert_eq!(reactor.run_once_with(&mut seen, LONG).unwrap(), 1);
    assert_eq!(seen, ["first", "added"]);
}
