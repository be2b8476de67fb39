//! What can be registered, and how it comes out again.

mod common;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common::*;
use eventp::{
    Dispatch, Eventp, EventpOps, Flow, Handle, Handler, HasInterest, Interest, Pinned, Register,
    interest,
};

/// A subscriber with a payload of any size and alignment.
struct Holder<T> {
    stream: UnixStream,
    payload: T,
}

impl<T> AsFd for Holder<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl<T> HasInterest for Holder<T> {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl<T: PartialEq + Clone + 'static, Ep: EventpOps<State = Vec<T>>> Handler<Ep> for Holder<T> {
    fn handle(d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        drain(&d.fd.stream);
        assert_eq!((&raw const d.fd.payload).addr() % align_of::<T>(), 0);
        d.state.push(d.fd.payload.clone());
        Ok(Flow::Keep)
    }
}

fn comes_back_as_it_went<T: PartialEq + Clone + std::fmt::Debug + 'static>(payload: T) {
    let (stream, peer) = pair();
    let number = stream.as_raw_fd();
    let mut reactor = Eventp::<Vec<T>>::new().unwrap();
    let handle = reactor.add(Holder { stream, payload: payload.clone() }).unwrap();
    fire(&peer);
    let mut seen = Vec::new();
    assert_eq!(settle(&mut reactor, &mut seen), 1);
    assert!(seen.iter().eq([&payload]));
    assert_eq!(reactor.get(handle).unwrap().payload, payload);
    reactor.get_mut(handle).unwrap().payload = payload.clone();
    let back = reactor.take(handle).unwrap();
    assert_eq!((back.payload, back.stream.as_raw_fd()), (payload, number));
    assert!(reactor.is_empty());
    assert_eq!(reactor.take(handle).err().unwrap().kind(), io::ErrorKind::NotFound);
}

#[test]
fn values_of_any_size_and_alignment() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct CacheLine(u8);
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(4096))]
    struct Page([u8; 3]);
    comes_back_as_it_went(());
    comes_back_as_it_went(7u8);
    comes_back_as_it_went(u128::MAX);
    comes_back_as_it_went(CacheLine(1));
    comes_back_as_it_went(Page([1, 2, 3]));
    comes_back_as_it_went([9u64; 1000]);
    comes_back_as_it_went(String::from("owned"));
}

#[test]
fn a_zero_sized_subscriber() {
    /// Standard output of the test runner or whatever it is: only its number matters.
    struct Nothing;
    thread_local! {
        static STREAM: UnixStream = pair().0;
    }
    impl AsFd for Nothing {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: the thread's stream lives as long as the test.
            STREAM.with(|stream| unsafe { BorrowedFd::borrow_raw(stream.as_raw_fd()) })
        }
    }
    impl HasInterest for Nothing {
        fn interest(&self) -> Interest {
            interest().write().edge_triggered()
        }
    }
    impl<Ep: EventpOps<State = u32>> Handler<Ep> for Nothing {
        fn handle(d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
            *d.state += 1;
            Ok(Flow::Keep)
        }
    }
    let mut reactor = Eventp::<u32>::new().unwrap();
    let handle = reactor.add(Nothing).unwrap();
    let mut calls = 0;
    settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
    let Nothing = reactor.take(handle).unwrap();
}

#[test]
fn into_subscribers_gives_everybody_back() {
    let drops = Drops::default();
    let mut reactor = Eventp::<Vec<()>>::new().unwrap();
    let mut peers = Vec::new();
    for _ in 0..3 {
        let (stream, peer) = pair();
        reactor.add(Holder { stream, payload: () }).unwrap();
        peers.push(peer);
    }
    reactor.on(interest().with_fd(With(pair().0, drops.guard())), |_| ()).unwrap();
    let (holders, others): (Vec<_>, Vec<_>) =
        reactor.into_subscribers().partition(|entry| entry.type_name().contains("Holder"));
    assert_eq!((holders.len(), others.len(), drops.count()), (3, 1, 0));
    for entry in holders {
        assert!(entry.downcast::<Holder<()>>().is_ok());
    }
    assert!(others.into_iter().next().unwrap().downcast::<String>().is_err());
    assert_eq!(drops.count(), 1);
}

#[test]
fn into_subscribers_drops_what_is_not_asked_for() {
    let drops = Drops::default();
    let mut reactor = Eventp::<()>::new().unwrap();
    for _ in 0..5 {
        reactor.on(interest().with_fd(With(pair().0, drops.guard())), |_| ()).unwrap();
    }
    let two: Vec<_> = reactor.into_subscribers().take(2).collect();
    assert_eq!(drops.count(), 3);
    drop(two);
    assert_eq!(drops.count(), 5);
}

#[test]
fn iteration_finds_handles_and_values() {
    let mut reactor = Eventp::<Vec<u8>>::new().unwrap();
    let mut handles = Vec::new();
    for payload in [1u8, 2, 3] {
        handles.push(reactor.add(Holder { stream: pair().0, payload }).unwrap());
    }
    reactor.on(interest().with_fd(pair().0), |_| ()).unwrap();
    assert_eq!(reactor.iter().count(), 4);
    let mut found: Vec<Handle<Holder<u8>>> = reactor.iter().filter_map(|e| e.handle()).collect();
    found.sort();
    handles.sort();
    assert_eq!(found, handles);
    let sum: u8 =
        reactor.iter().filter_map(|e| e.downcast_ref::<Holder<u8>>()).map(|h| h.payload).sum();
    assert_eq!(sum, 6);
}

#[test]
fn a_key_becomes_a_handle_of_the_right_type_only() {
    let mut reactor = Eventp::<Vec<u8>>::new().unwrap();
    let handle = reactor.add(Holder { stream: pair().0, payload: 1u8 }).unwrap();
    assert_eq!(reactor.handle::<Holder<u8>>(handle.key()).unwrap(), handle);
    let wrong = reactor.handle::<Holder<u16>>(handle.key()).unwrap_err();
    assert_eq!(wrong.kind(), io::ErrorKind::NotFound);
}

#[test]
fn the_state_can_borrow() {
    struct Server<'a> {
        name: &'a str,
        greetings: Vec<&'a str>,
    }
    fn register<'a>(reactor: &mut Eventp<Server<'a>>) -> UnixStream {
        let (stream, peer) = pair();
        reactor
            .on(interest().read().with_fd(stream), |d| {
                drain(d.fd);
                d.state.greetings.push(d.state.name);
            })
            .unwrap();
        peer
    }
    let name = String::from("borrowed");
    let mut server = Server { name: &name, greetings: Vec::new() };
    let mut reactor = Eventp::<Server<'_>>::new().unwrap();
    let peer = register(&mut reactor);
    fire(&peer);
    assert_eq!(reactor.run_once_with(&mut server, LONG).unwrap(), 1);
    drop(reactor);
    assert_eq!(server.greetings, [name.as_str()]);
}

#[test]
fn register_into_takes_a_reactor_and_a_pinned_alike() {
    fn twice(mut reactor: Pinned<'_, impl EventpOps<State = Vec<u8>>>) -> io::Result<()> {
        Holder { stream: pair().0, payload: 1u8 }.register_into(&mut reactor)?;
        Holder { stream: pair().0, payload: 2u8 }.register_into(&mut reactor.reborrow())?;
        Ok(())
    }
    let mut reactor = Eventp::<Vec<u8>>::new().unwrap();
    twice(Pinned::new(&mut reactor)).unwrap();
    Holder { stream: pair().0, payload: 3u8 }.register_into(&mut reactor).unwrap();
    assert_eq!(reactor.len(), 3);
}

#[test]
fn modify_takes_effect_and_repeating_it_does_not_rearm_an_edge() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let key = reactor.on(edge().with_fd(stream), |d| *d.state += 1).unwrap();
    fire(&peer);
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), 1);
    reactor.modify(key, edge()).unwrap();
    assert_eq!(settle(&mut reactor, &mut calls), 0, "no system call, so no new report");
    reactor.modify(key, interest().read().write().edge_triggered()).unwrap();
    assert_eq!(settle(&mut reactor, &mut calls), 1);
    reactor.modify(key, interest()).unwrap();
    fire(&peer);
    assert_eq!(settle(&mut reactor, &mut calls), 0);
}

#[test]
fn a_oneshot_port_fires_once_and_again_when_it_is_modified_to_the_same() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let once = interest().read().oneshot();
    let key = reactor.on(once.with_fd(stream), |d| *d.state += 1).unwrap();
    fire(&peer);
    let mut calls = 0;
    assert_eq!(settle(&mut reactor, &mut calls), 1);
    fire(&peer);
    assert_eq!(settle(&mut reactor, &mut calls), 0);
    reactor.modify(key, once).unwrap();
    assert_eq!(settle(&mut reactor, &mut calls), 1);
    assert_eq!(calls, 2);
}

#[test]
fn an_fd_deleted_and_added_ten_thousand_times_is_the_only_one_there() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<Vec<()>>::new().unwrap();
    let mut holder = Holder { stream, payload: () };
    for _ in 0..10_000 {
        let handle = reactor.add(holder).unwrap();
        holder = reactor.take(handle).unwrap();
    }
    reactor.add(holder).unwrap();
    fire(&peer);
    assert_eq!(settle(&mut reactor, &mut Vec::new()), 1);
    assert_eq!(reactor.len(), 1);
}

#[test]
fn many_subscribers_are_all_served_and_the_buffer_grows() {
    let mut reactor = Eventp::<Vec<u32>>::builder().capacity(2).subscribers(500).build().unwrap();
    let mut peers = Vec::new();
    for nth in 0..500u32 {
        let (stream, peer) = pair();
        reactor.add(Holder { stream, payload: nth }).unwrap();
        fire(&peer);
        peers.push(peer);
    }
    let mut seen = Vec::new();
    let mut turns = 0;
    while seen.len() < 500 {
        assert!(reactor.run_once_with(&mut seen, LONG).unwrap() > 0);
        turns += 1;
    }
    assert!(turns < 20, "{turns} turns: the buffer did not grow");
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..500));
}

#[test]
fn run_once_reports_a_pending_stop_and_does_not_wait() {
    let mut reactor = Eventp::new().unwrap();
    reactor.stop();
    assert_eq!(reactor.run_once(None).unwrap(), 0);
    assert!(reactor.is_stopping());
    reactor.run().unwrap();
    assert!(!reactor.is_stopping());
    assert_eq!(reactor.run_once(Some(Duration::from_millis(1))).unwrap(), 0);
}

#[test]
fn what_outlives_its_reactor_still_has_its_name_and_type() {
    let mut reactor = Eventp::<Vec<u8>>::new().unwrap();
    let handle = reactor.add(Holder { stream: pair().0, payload: 7u8 }).unwrap();
    let port = reactor.iter().next().unwrap().ports().next().unwrap();
    assert_eq!((port.port().index(), port.interest()), (0, interest().read()));
    let entry = reactor.into_subscribers().next().unwrap();
    assert_eq!(entry.key(), handle.key());
    assert!(format!("{entry:?}").contains(entry.type_name()));
    let holder = entry.into_any().downcast::<Holder<u8>>().unwrap();
    assert_eq!(holder.payload, 7);
}

#[test]
fn what_is_lent_or_shared_says_what_it_is_and_asks_nobody() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let remote = reactor.remote().unwrap();
    assert_eq!(format!("{remote:?}"), "Remote { .. }");
    assert_eq!(format!("{:?}", Pinned::new(&mut reactor)), "Pinned { .. }");
}
