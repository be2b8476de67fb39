//! Subscribers with several fds: one value, one key, and each port armed, disarmed and modified for itself.

#[path = "ports/all_or_nothing.rs"]
mod all_or_nothing;
#[path = "ports/arming.rs"]
mod arming;
mod common;
#[path = "ports/events.rs"]
mod events;
#[path = "ports/interests.rs"]
mod interests;
#[path = "ports/numbers.rs"]
mod numbers;
#[path = "ports/one_subscriber.rs"]
mod one_subscriber;
#[path = "ports/shared.rs"]
mod shared;
#[path = "ports/sizes.rs"]
mod sizes;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};

use common::*;
use eventp::{
    Doorbell, Error, Event, Eventp, EventpOps, Flow, Handle, Interest, Key, Pinned, Port, handler,
    interest, subscriber,
};

/// What handlers were called on, in order.
type Seen = Vec<(&'static str, usize)>;

/// What the handler of `control` does beside saying that it ran.
type Script = fn(&mut Net, Key, Pinned<'_, Eventp<Seen>>) -> io::Result<Flow>;

/// A device with every kind of field.
#[subscriber]
struct Net {
    #[fd(interest = read)]
    control: UnixStream,
    #[fd(interest = read)]
    timer: UnixStream,
    #[fd(interest = read, group = active)]
    queues: Vec<UnixStream>,
    #[fd(interest = read, group = active)]
    tap: Option<UnixStream>,
    script: Script,
    ports: Vec<Port>,
    _drops: DropGuard,
}

#[handler]
impl Net {
    #[on(control)]
    fn control(
        &mut self,
        seen: &mut Seen,
        key: Key,
        reactor: Pinned<'_, Eventp<Seen>>,
    ) -> io::Result<Flow> {
        seen.push(("control", 0));
        drain(&self.control);
        (self.script)(self, key, reactor)
    }

    #[on(timer | tap)]
    fn others(&mut self, seen: &mut Seen, port: Port) {
        self.ports.push(port);
        if Net::TIMER.contains(port) {
            assert!(!Net::ACTIVE.contains(port) && !Net::TAP.contains(port));
            seen.push(("timer", port.index()));
            drain(&self.timer);
        } else {
            assert!(Net::ACTIVE.contains(port) && Net::TAP.contains(port));
            seen.push(("tap", port.index()));
            self.tap.iter().for_each(read_all);
        }
    }

    #[on(queues)]
    fn queue(&mut self, port: Port, seen: &mut Seen) {
        seen.push(("queues", port.index()));
        self.queues.get(port.index()).into_iter().for_each(read_all);
    }
}

fn read_all(stream: &UnixStream) {
    drain(stream);
}

/// The other ends.
struct Peers {
    control: UnixStream,
    timer: UnixStream,
    queues: Vec<UnixStream>,
    tap: UnixStream,
}

impl Peers {
    fn fire_all(&self) {
        [&self.control, &self.timer]
            .into_iter()
            .chain(&self.queues)
            .chain([&self.tap])
            .for_each(fire);
    }
}

fn keep(_: &mut Net, _: Key, _: Pinned<'_, Eventp<Seen>>) -> io::Result<Flow> {
    Ok(Flow::Keep)
}

fn net_with(script: Script, drops: &Drops) -> (Net, Peers) {
    let ((control, control_peer), (timer, timer_peer), (tap, tap_peer)) = (pair(), pair(), pair());
    let (queues, queue_peers) = (0..3).map(|_| pair()).unzip();
    let net = Net {
        control,
        timer,
        queues,
        tap: Some(tap),
        script,
        ports: Vec::new(),
        _drops: drops.guard(),
    };
    let peers =
        Peers { control: control_peer, timer: timer_peer, queues: queue_peers, tap: tap_peer };
    (net, peers)
}

fn net(script: Script) -> (Net, Peers) {
    net_with(script, &Drops::default())
}

/// An fd that its subscriber does not own, so that it can be closed behind the reactor's back.
struct Number(RawFd);

impl AsFd for Number {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open when it is registered, which is when it is asked.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// A subscriber of which tests close the fds. It does not read them.
#[subscriber]
struct Numbers {
    #[fd(interest = read | edge_triggered)]
    a: Number,
    #[fd(interest = read | edge_triggered, group = later)]
    b: Vec<Number>,
}

#[handler]
impl Numbers {
    #[on(a)]
    fn a(&mut self, seen: &mut Seen) {
        seen.push(("a", 0));
    }

    #[on(b)]
    fn b(&mut self, seen: &mut Seen, port: Port) {
        seen.push(("b", port.index()));
    }
}

/// Such a subscriber, with a stream and its peer for each fd.
fn numbers(reactor: &mut Eventp<Seen>) -> (Handle<Numbers>, [(UnixStream, UnixStream); 3]) {
    let pairs = [(); 3].map(|()| pair());
    let [a, b, c] = [(); 3].map(|()| high_number());
    for (number, (stream, _)) in [a, b, c].into_iter().zip(&pairs) {
        dup2(stream, number);
    }
    let handle = reactor.add(Numbers { a: Number(a), b: vec![Number(b), Number(c)] }).unwrap();
    (handle, pairs)
}

/// A reactor with a device.
fn reactor_with(script: Script) -> (Eventp<Seen>, Handle<Net>, Peers) {
    let (net, peers) = net(script);
    let mut reactor = Eventp::new().unwrap();
    let handle = reactor.add(net).unwrap();
    (reactor, handle, peers)
}

fn run(reactor: &mut Eventp<Seen>) -> Seen {
    let mut seen = Seen::new();
    settle(reactor, &mut seen);
    seen
}

/// Who was called at all: a rebuild may report an edge again.
fn run_dedup(reactor: &mut Eventp<Seen>) -> Seen {
    let mut seen = run(reactor);
    seen.sort_unstable();
    seen.dedup();
    seen
}

/// What one batch brings.
fn run_once(reactor: &mut Eventp<Seen>) -> Seen {
    let mut seen = Seen::new();
    let handled = reactor.run_once_with(&mut seen, NOW).unwrap();
    assert_eq!(handled, seen.len());
    seen
}

fn details(error: io::Error) -> Error {
    error.downcast().unwrap()
}

fn armed<S>(reactor: &Eventp<S>) -> Vec<&'static str> {
    let mut armed: Vec<_> =
        reactor.iter().flat_map(|entry| entry.ports()).map(|port| port.field()).collect();
    armed.sort_unstable();
    armed
}

const QUEUES: [(&str, usize); 3] = [("queues", 0), ("queues", 1), ("queues", 2)];
