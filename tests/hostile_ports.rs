//! The hidden trait behind subscribers with several fds is a safe one: implementing it wrongly may lose its own events, and nothing else.
#![forbid(unsafe_code)]

mod common {
    #![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
    include!("common/safe.rs");
}

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use common::*;
use eventp::__private::{Each, Field, PortCall, Ports};
use eventp::{
    Dispatch, Eventp, EventpOps, Flow, Handle, Handler, PortSet, Register, Subscriber, handler,
    interest, subscriber,
};

thread_local! {
    /// What `call` does: answers, has no answer, or panics.
    static CALL: Cell<Answer> = const { Cell::new(Answer::Right) };
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Right,
    None,
    Panic,
}

/// Two fds; the second one is armed later.
struct Hostile {
    fds: [UnixStream; 2],
    witness: String,
}

impl Ports for Hostile {
    const ONE: bool = false;
    // The counts are lies: they only say where room is made in advance.
    const FIELDS: &'static [Field] = &[
        Field { name: "a", ports: 0, armed: true, ..Field::ONE },
        Field { name: "b", ports: 7, armed: false, ..Field::ONE },
    ];
    type Struct = Self;

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        if let Some(fd) = self.fds.get(field) {
            each(fd.as_raw_fd(), interest().read().oneshot());
        }
        Ok(())
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        match CALL.get() {
            Answer::Right => Some(if field == 0 {
                PortCall::of_field::<0>()
            } else {
                PortCall::of_field::<63>() // another field than it is
            }),
            Answer::None => None,
            Answer::Panic => panic!("asked for a field"),
        }
    }
}

impl<Ep: EventpOps<State = u32>> Handler<Ep> for Hostile {
    fn handle(d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        assert_eq!(d.fd.witness, "a value of its own");
        d.fd.fds.iter().for_each(|fd| _ = drain(fd));
        *d.state += 1;
        Ok(Flow::Keep)
    }
}

const B: PortSet<Hostile> = PortSet::of_fields(2);

fn hostile() -> (Hostile, [UnixStream; 2]) {
    let ((a, a_peer), (b, b_peer)) = (pair(), pair());
    (Hostile { fds: [a, b], witness: "a value of its own".into() }, [a_peer, b_peer])
}

fn registered() -> (Eventp<u32>, Handle<Hostile>, [UnixStream; 2]) {
    CALL.set(Answer::Right);
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (hostile, peers) = hostile();
    let handle = reactor.add(hostile).unwrap();
    (reactor, handle, peers)
}

#[test]
fn a_field_that_is_called_by_another_number_gets_its_own_value() {
    let (mut reactor, handle, peers) = registered();
    reactor.arm(handle, B).unwrap();
    peers.iter().for_each(fire);
    let mut calls = 0;
    settle(&mut reactor, &mut calls);
    assert_eq!(calls, 2);
}

#[test]
fn a_call_that_panics_while_arming_leaves_nothing_in_the_kernel() {
    let (mut reactor, handle, peers) = registered();
    CALL.set(Answer::Panic);
    assert!(panics(|| reactor.arm(handle, B)));
    CALL.set(Answer::Right);
    let hostile = reactor.take(handle).unwrap();
    fire(&peers[1]);
    assert_eq!(settle(&mut reactor, &mut 0), 0);
    // Nobody has its fds any more.
    let handle = reactor.add(hostile).unwrap();
    reactor.arm(handle, B).unwrap();
    let mut calls = 0;
    settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
}

#[test]
fn a_call_that_panics_while_adding_leaves_no_half_of_a_subscriber() {
    CALL.set(Answer::Panic);
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (subscriber, peers) = hostile();
    let _open_files = subscriber.fds.each_ref().map(|fd| fd.try_clone().unwrap());
    assert!(panics(|| reactor.add(subscriber)));
    assert!(reactor.is_empty());
    fire(&peers[0]);
    assert_eq!(settle(&mut reactor, &mut 0), 0);
}

#[test]
fn a_field_that_nobody_delivers_is_refused() {
    let (mut reactor, handle, _peers) = registered();
    CALL.set(Answer::None);
    let refused = reactor.arm(handle, B).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{refused}");
    assert!(
        reactor.modify(handle.key().port(PortSet::<Hostile>::of_fields(1)), interest()).is_err()
    );
    assert_eq!(
        reactor.interest(handle.key().port(PortSet::<Hostile>::of_fields(1))).unwrap(),
        interest().read().oneshot()
    );
    CALL.set(Answer::Right);
    reactor.delete(handle).unwrap();
}

#[test]
fn one_with_a_field_that_nobody_delivers_is_given_back() {
    CALL.set(Answer::None);
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (refused, error) = reactor.try_add(hostile().0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    assert_eq!(refused.witness, "a value of its own");
    CALL.set(Answer::Right);
    reactor.add(refused).unwrap();
}

/// Two fds, of which the second is delivered as `CALL` says.
struct Fickle([UnixStream; 2]);

impl Ports for Fickle {
    const ONE: bool = false;
    const FIELDS: &'static [Field] = &[
        Field { name: "a", ports: 1, armed: true, ..Field::ONE },
        Field { name: "b", ports: 1, armed: true, ..Field::ONE },
    ];
    type Struct = Self;

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        each(self.0[field].as_raw_fd(), interest().read());
        Ok(())
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        match CALL.get() {
            Answer::None if field == 1 => None,
            Answer::Panic if field == 1 => panic!("asked for a field"),
            _ => Some(PortCall::of_field::<0>()),
        }
    }
}

impl<Ep: EventpOps> Handler<Ep> for Fickle {
    fn handle(_: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        Ok(Flow::Keep)
    }
}

/// What is left of a modify of both fds in which the second is asked for who delivers it.
fn half_a_modify(answer: Answer) {
    CALL.set(Answer::Right);
    let mut reactor = Eventp::<()>::new().unwrap();
    let ((a, _a_peer), (b, _b_peer)) = (pair(), pair());
    let handle = reactor.add(Fickle([a, b])).unwrap();
    CALL.set(answer);
    let both = handle.port(PortSet::of_fields(3));
    let refused = panics(|| reactor.modify(both, interest().write()).unwrap());
    assert!(refused);
    CALL.set(Answer::Right);
    assert_eq!(reactor.interest(both).unwrap(), interest().read());
    assert_eq!(settle(&mut reactor, &mut ()), 0, "nobody is watched for writing");
}

#[test]
fn a_modify_of_a_field_that_nobody_delivers_changes_no_other() {
    half_a_modify(Answer::None);
}

#[test]
fn a_call_that_panics_while_modifying_leaves_the_others_as_they_were() {
    half_a_modify(Answer::Panic);
}

/// An fd number that its owner has closed: `AsRawFd` is a safe trait.
struct Stale(RawFd);

impl AsRawFd for Stale {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

#[subscriber]
struct Two {
    #[fd(interest = read, raw)]
    stale: Stale,
    #[fd(interest = read)]
    other: Option<UnixStream>,
}

#[handler]
impl Two {
    #[on(stale | other)]
    fn ready(&mut self) {
        panic!("an event of the reactor's own eventfd");
    }
}

/// The reactor's own eventfd cannot be taken away from it by its number.
#[test]
fn the_reactors_own_eventfd_is_registered_already() {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    for _ in 0..50 {
        let mut reactor = Eventp::<()>::new().unwrap();
        let (stream, _peer) = UnixStream::pair().unwrap();
        let number = stream.as_raw_fd();
        let open_file = stream.try_clone().unwrap();
        let handle = Two { stale: Stale(number), other: None }.register_into(&mut reactor).unwrap();
        drop(stream);
        let remote = reactor.remote().unwrap();
        if UnixStream::pair().is_ok_and(|(a, b)| [a.as_raw_fd(), b.as_raw_fd()].contains(&number)) {
            continue; // another thread was faster; the eventfd has another number
        }
        let refused = reactor.arm(handle, Two::STALE);
        if refused.is_ok() {
            continue;
        }
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        remote.stop().unwrap();
        reactor.run().unwrap();
        drop(open_file);
        return;
    }
    panic!("the eventfd never got the number");
}

#[subscriber]
struct Mixed {
    #[fd(interest = read | oneshot)]
    once: UnixStream,
    #[fd(interest = exclusive | read)]
    exclusive: UnixStream,
    calls: u32,
}

#[handler]
impl Mixed {
    #[on(once | exclusive)]
    fn ready(&mut self) {
        self.calls += 1;
    }
}

#[test]
fn a_refused_modify_of_several_ports_does_not_rearm_one_that_has_fired() {
    let ((once, peer), (exclusive, _peer)) = (pair(), pair());
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = Mixed { once, exclusive, calls: 0 }.register_into(&mut reactor).unwrap();
    fire(&peer);
    settle(&mut reactor, &mut ());
    assert_eq!(reactor.get(handle).unwrap().calls, 1);
    let both = Mixed::ONCE.with(Mixed::EXCLUSIVE);
    let refused = reactor.modify(handle.port(both), interest().read()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    settle(&mut reactor, &mut ());
    assert_eq!(reactor.get(handle).unwrap().calls, 1, "still readable, still silent");
}

#[subscriber]
struct Fired {
    #[fd(interest = read | oneshot)]
    once: UnixStream,
    #[fd(interest = read, raw)]
    stale: Stale,
    calls: u32,
}

#[handler]
impl Fired {
    #[on(once | stale)]
    fn ready(&mut self) {
        self.calls += 1;
    }
}

#[test]
fn one_that_has_fired_stays_silent_when_the_kernel_refuses_the_next() {
    let ((once, peer), (closed, _peer)) = (pair(), pair());
    let mut reactor = Eventp::<()>::new().unwrap();
    let stale = Stale(closed.as_raw_fd());
    let handle = Fired { once, stale, calls: 0 }.register_into(&mut reactor).unwrap();
    fire(&peer);
    settle(&mut reactor, &mut ());
    drop(closed);
    let both = Fired::ONCE.with(Fired::STALE);
    // `EBADF`, or `ENOENT` if another thread has the number by now.
    reactor.modify(handle.port(both), interest().read().write()).unwrap_err();
    settle(&mut reactor, &mut ());
    assert_eq!(reactor.get(handle).unwrap().calls, 1, "still readable, still silent");
    reactor.modify(handle.port(Fired::ONCE), interest().read().oneshot()).unwrap();
    settle(&mut reactor, &mut ());
    assert_eq!(reactor.get(handle).unwrap().calls, 2);
}

#[test]
fn one_whose_event_is_still_to_come_is_called_once_when_the_kernel_refuses_the_next() {
    let ((once, peer), (closed, _peer)) = (pair(), pair());
    let mut reactor = Eventp::<()>::new().unwrap();
    let stale = Stale(closed.as_raw_fd());
    let handle = Fired { once, stale, calls: 0 }.register_into(&mut reactor).unwrap();
    let (first, first_peer) = pair();
    let both = handle.port(Fired::ONCE.with(Fired::STALE));
    reactor
        .on(interest().read().with_fd(first), move |mut d| {
            drain(d.fd);
            d.reactor.modify(both, interest().read().write().oneshot()).unwrap_err();
        })
        .unwrap();
    drop(closed);
    fire(&first_peer);
    fire(&peer);
    settle(&mut reactor, &mut ());
    assert_eq!(reactor.get(handle).unwrap().calls, 1, "re-armed by a modify that was refused");
}
