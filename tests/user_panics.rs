//! Bombs everywhere: whatever code of a user's the reactor calls may panic at any time, and does.
#![forbid(unsafe_code)]

mod common {
    #![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
    include!("common/safe.rs");
}

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::{NOW, drain, pair, panics};
use eventp::__private::{Each, Field, PortCall, Ports};
use eventp::{
    Dispatch, Eventp, Flow, Handle, Handler, HasInterest, Interest, Key, Notifier, Pinned, PortSet,
    Remote, Sleep, Subscriber, event, interest,
};

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(1) };
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static REMOTE: RefCell<Option<Remote<World>>> = const { RefCell::new(None) };
    static NOTIFIERS: RefCell<Vec<(Notifier, Arc<AtomicBool>)>> = const { RefCell::new(Vec::new()) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}
static ALIVE: AtomicUsize = AtomicUsize::new(0);
static BOMBS: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn roll(sides: u64) -> u64 {
    SEED.set(
        SEED.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407),
    );
    (SEED.get() >> 33) % sides
}

fn bomb(one_in: u64) {
    if ARMED.get() && !std::thread::panicking() && roll(one_in) == 0 {
        BOMBS.fetch_add(1, SeqCst);
        if roll(3) == 0 {
            resume_unwind(Box::new(Payload))
        }
        resume_unwind(Box::new("bomb"));
    }
}

struct Payload;
impl Drop for Payload {
    fn drop(&mut self) {
        if roll(4) == 0 {
            notify();
        }
    }
}

fn notify() {
    NOTIFIERS.with(|all| {
        let Ok(all) = all.try_borrow() else { return };
        if all.is_empty() {
            return;
        }
        let (notifier, asked) = &all[roll(all.len() as u64) as usize];
        asked.store(true, SeqCst);
        match roll(3) {
            0 => notifier.waker().wake(),
            1 => notifier.waker().clone().wake_by_ref(),
            _ => _ = notifier.notify(),
        }
    });
}

fn send() {
    let Some(remote) = REMOTE.with(|it| it.try_borrow().ok()?.clone()) else { return };
    if DEPTH.get() > 3 {
        return;
    }
    DEPTH.set(DEPTH.get() + 1);
    let witness = Witness::new();
    let job = move |world: &mut World, reactor: Pinned<'_, Eventp<World>>| {
        act(world, reactor);
        bomb(6);
        // First: what has been made when a destructor panics at the end of a function is leaked (rust-lang/rust#47949).
        drop(witness);
        Witness::new()
    };
    match roll(5) {
        0 => _ = remote.send(move |w, r| drop(job(w, r))),
        1 => {
            _ = remote.send(move |w, r| {
                drop(job(w, r));
                match roll(3) {
                    0 => Err(io::Error::other(Failure(Witness::new()))),
                    1 => Ok(Flow::Remove),
                    _ => Ok(Flow::Keep),
                }
            })
        }
        2 => _ = remote.send(move |w, r| drop(job(w, r))),
        3 => {
            let mut call = Box::pin(remote.call_async(job));
            let waker: Waker = Arc::new(Wakes(Witness::new())).into();
            _ = call.as_mut().poll(&mut Context::from_waker(&waker));
            if roll(2) == 0 {
                _ = call.as_mut().poll(&mut Context::from_waker(&waker));
            }
            if roll(3) != 0 {
                keep(call);
            }
        }
        _ => drop(remote.call_async(job)),
    }
    DEPTH.set(DEPTH.get() - 1);
}

type Calls = Vec<Pin<Box<dyn Future<Output = io::Result<Witness>>>>>;
thread_local!(static KEPT: RefCell<Calls> = const { RefCell::new(Vec::new()) });

fn keep(call: Pin<Box<dyn Future<Output = io::Result<Witness>>>>) {
    let former = KEPT.with(|kept| {
        let Ok(mut kept) = kept.try_borrow_mut() else { return None };
        kept.push(call);
        (kept.len() > 8).then(|| kept.remove(0))
    });
    drop(former);
}

struct Wakes(#[expect(dead_code, reason = "is dropped")] Witness);
impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        notify();
        bomb(4);
    }
}

#[derive(Debug)]
struct Failure(#[expect(dead_code, reason = "is dropped")] Witness);
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failure")
    }
}
impl std::error::Error for Failure {}

/// Counts, and explodes when it is dropped.
#[derive(Debug)]
struct Witness(Box<u64>);

impl Witness {
    fn new() -> Self {
        ALIVE.fetch_add(1, SeqCst);
        Self(Box::new(42))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        assert_eq!(*self.0, 42);
        *self.0 = 0;
        ALIVE.fetch_sub(1, SeqCst);
        if DEPTH.get() > 2 || std::thread::panicking() {
            return;
        }
        DEPTH.set(DEPTH.get() + 1);
        match roll(12) {
            0 => notify(),
            1 if panics(send) => DEPTH.set(1),
            2 => _ = REMOTE.with(|it| it.try_borrow().ok()?.as_ref()?.stop().ok()),
            _ => {}
        }
        DEPTH.set(DEPTH.get().saturating_sub(1));
        bomb(25);
    }
}

struct Near<A> {
    stream: UnixStream,
    interest: Interest,
    witness: Witness,
    /// Whether the fd that is registered is, or may be, another.
    lied: Cell<bool>,
    _filling: A,
}

impl<A> AsFd for Near<A> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        bomb(20);
        if ARMED.get() && roll(40) == 0 {
            self.lied.set(true);
            // Open as long as the program.
            return OTHER.as_fd();
        }
        self.stream.as_fd()
    }
}
static OTHER: LazyLock<UnixStream> = LazyLock::new(|| pair().0);

impl<A> HasInterest for Near<A> {
    fn interest(&self) -> Interest {
        bomb(20);
        self.interest
    }
}

impl<A: 'static> Handler<Eventp<World>> for Near<A> {
    fn handle(d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        drain(&d.fd.stream);
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

fn answer(
    world: &mut World,
    mut reactor: Pinned<'_, Eventp<World>>,
    key: Key,
    witness: &Witness,
) -> io::Result<Flow> {
    CALLS.fetch_add(1, SeqCst);
    if QUIET.get() {
        return Ok(Flow::Keep);
    }
    assert_eq!(*witness.0, 42);
    for _ in 0..roll(4) {
        match roll(12) {
            0 => _ = reactor.delete(key),
            1 => _ = reactor.modify(key, an_interest()),
            2 => _ = reactor.trigger(key, event().readable()),
            3 => _ = panics(|| act(world, reactor.reborrow())),
            _ => act(world, reactor.reborrow()),
        }
    }
    assert_eq!(*witness.0, 42);
    bomb(8);
    match roll(20) {
        0 => Ok(Flow::Remove),
        1 => Ok(Flow::Stop),
        2 => Err(io::Error::other(Failure(Witness::new()))),
        _ => Ok(Flow::Keep),
    }
}

/// Three fields: one, some, and some that are armed later.
struct Far {
    one: UnixStream,
    some: Vec<UnixStream>,
    later: Vec<UnixStream>,
    witness: Witness,
}

impl Ports for Far {
    const ONE: bool = false;
    const FIELDS: &'static [Field] = &[
        Field { name: "one", ports: 1, armed: true, unhandled: "" },
        Field { name: "some", ports: 0, armed: true, unhandled: "" },
        Field { name: "later", ports: 2, armed: false, unhandled: "" },
    ];
    type Struct = Self;

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        bomb(20);
        match field {
            0 => each(self.one.as_raw_fd(), an_interest()),
            1 => self.some.iter().for_each(|it| each(it.as_raw_fd(), an_interest())),
            _ => self.later.iter().for_each(|it| each(it.as_raw_fd(), an_interest())),
        }
        if roll(60) == 0 {
            return Err(io::Error::other("no"));
        }
        bomb(40);
        Ok(())
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        bomb(30);
        Some(match field {
            0 => PortCall::of_field::<0>(),
            1 => PortCall::of_field::<1>(),
            2 => PortCall::of_field::<2>(),
            _ => return None,
        })
    }
}

impl Handler<Eventp<World>> for Far {
    fn handle(mut d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        drain(&d.fd.one);
        d.fd.some.iter().chain(&d.fd.later).for_each(|it| _ = drain(it));
        match roll(8) {
            0 => _ = d.reactor.arm(d.key, &*d.fd, LATER),
            1 => _ = d.reactor.disarm(d.key, LATER),
            2 => _ = d.reactor.disarm(d.key, SOME),
            3 => _ = d.reactor.arm(d.key, &*d.fd, SOME),
            4 => _ = d.reactor.arm(d.key, &*d.fd, SOME.with(LATER).with(FIRST)),
            5 => change(d.fd, d.state),
            _ => {}
        }
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

const FIRST: PortSet<Far> = PortSet::of_fields(1);
const SOME: PortSet<Far> = PortSet::of_fields(2);
const LATER: PortSet<Far> = PortSet::of_fields(4);

fn change(far: &mut Far, world: &mut World) {
    let list = if roll(2) == 0 { &mut far.some } else { &mut far.later };
    if roll(2) == 0 && !list.is_empty() {
        list.remove(roll(list.len() as u64) as usize);
    } else if list.len() < 6 {
        list.push(world.stream());
    }
}

/// A reactor in a reactor.
struct Nest {
    inner: Eventp<u32>,
    readiness: eventp::Readiness,
    witness: Witness,
}

impl AsFd for Nest {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readiness.as_fd()
    }
}

impl HasInterest for Nest {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl Handler<Eventp<World>> for Nest {
    fn handle(d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        if roll(20) == 0 {
            d.fd.inner = Eventp::new()?; // the readiness fd leads to nothing now
        }
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            d.fd.inner.run_once_with(&mut 0, NOW)
        }));
        match ran {
            Ok(_) => {}
            Err(payload) if roll(2) == 0 => drop(payload),
            Err(payload) => resume_unwind(payload),
        }
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

fn a_nest() -> io::Result<Nest> {
    let mut inner = Eventp::<u32>::builder().capacity(1 + roll(3) as usize).build()?;
    let readiness = inner.readiness()?;
    for _ in 0..roll(5) {
        let witness = Witness::new();
        let n = inner.notifier(move |d| {
            let _witness = &witness;
            if roll(3) == 0 {
                _ = d.fd.notify();
            }
            bomb(4);
            if roll(5) == 0 { Flow::Remove } else { Flow::Keep }
        })?;
        n.notify()?;
        NOTIFIERS
            .with(|all| all.try_borrow_mut().map(|mut all| all.push((n, Arc::default()))))
            .ok();
    }
    Ok(Nest { inner, readiness, witness: Witness::new() })
}

#[repr(align(4096))]
struct Page;
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "makes it large")] [u8; 200]);

#[derive(Default)]
struct World {
    peers: Vec<UnixStream>,
    keys: Vec<Key>,
    far: Vec<Handle<Far>>,
    near: Vec<Handle<Near<()>>>,
    flags: Vec<(Key, Arc<AtomicBool>)>,
}

impl World {
    fn stream(&mut self) -> UnixStream {
        let (ours, theirs) = pair();
        self.peers.push(theirs);
        if self.peers.len() > 60 {
            self.peers.remove(roll(60) as usize);
        }
        ours
    }

    fn any(&self) -> Option<Key> {
        (!self.keys.is_empty()).then(|| self.keys[roll(self.keys.len() as u64) as usize])
    }

    fn far(&self) -> Option<Handle<Far>> {
        (!self.far.is_empty()).then(|| self.far[roll(self.far.len() as u64) as usize])
    }

    fn fire(&self) {
        use std::io::Write;
        for _ in 0..roll(6) {
            if let Some(mut peer) = self.peers.get(roll(60) as usize) {
                _ = peer.write(b"x");
            }
        }
    }
}

fn an_interest() -> Interest {
    match roll(4) {
        0 => interest().read(),
        1 => interest().read().oneshot(),
        _ => interest().read().edge_triggered(),
    }
}

fn near<A: 'static>(world: &mut World, filling: A) -> Near<A> {
    Near {
        stream: world.stream(),
        interest: an_interest(),
        witness: Witness::new(),
        lied: Cell::new(false),
        _filling: filling,
    }
}

fn act(world: &mut World, mut reactor: Pinned<'_, Eventp<World>>) {
    if QUIET.get() {
        return;
    }
    match roll(26) {
        0 | 1 => {
            let it = near(world, ());
            if let Ok(handle) = reactor.try_add(it) {
                world.near.push(handle);
                world.keys.push(handle.key());
            }
        }
        2 => {
            let it = near(world, Page);
            if let Ok(handle) = reactor.add(it) {
                world.keys.push(handle.key());
            }
        }
        3 => {
            let it = near(world, Line([7; 200]));
            if let Ok(handle) = reactor.add(it) {
                world.keys.push(handle.key());
            }
        }
        4 | 5 => {
            let one = world.stream();
            let some = (0..roll(4)).map(|_| world.stream()).collect();
            let later = (0..roll(4)).map(|_| world.stream()).collect();
            if let Ok(handle) = reactor.add(Far { one, some, later, witness: Witness::new() }) {
                world.far.push(handle);
                world.keys.push(handle.key());
            }
        }
        6..9 => {
            if let Some(key) = world.any() {
                _ = reactor.delete(key);
            }
        }
        9 => {
            if let Some(key) = world.any() {
                _ = reactor.modify(key, an_interest());
            }
        }
        10 => {
            if let Some(far) = world.far() {
                _ = reactor.modify(far.port(FIRST.with(SOME).with(LATER)), an_interest());
            }
        }
        11 => {
            if let Some(far) = world.far() {
                _ = reactor
                    .arm_other(far, [SOME, LATER, FIRST, SOME.with(LATER)][roll(4) as usize]);
            }
        }
        12 => {
            if let Some(far) = world.far() {
                _ = reactor.disarm(far, [SOME, LATER, FIRST, SOME.with(LATER)][roll(4) as usize]);
            }
        }
        13 => {
            if let Some(key) = world.any() {
                _ = reactor.trigger(key, event().readable());
            }
        }
        14 => {
            if let Some(far) = world.far() {
                _ = reactor.trigger(far.port(FIRST.with(SOME).with(LATER)), event().readable());
            }
        }
        15 => {
            if let Some(far) = world.far() {
                if let Ok(far) = reactor.get_mut(far) {
                    change(far, world);
                }
            }
        }
        16 => {
            // A stream is replaced behind the reactor's back: the number may be reused at once.
            if roll(3) == 0 && !world.near.is_empty() {
                let handle = world.near[roll(world.near.len() as u64) as usize];
                let fresh = world.stream();
                if let Ok(near) = reactor.get_mut(handle) {
                    near.lied.set(true);
                    let former = std::mem::replace(&mut near.stream, fresh);
                    if roll(2) == 0 {
                        // It lives on by another number.
                        keep_open(former.try_clone().unwrap());
                    }
                }
            }
        }
        17 => notify(),
        18 | 19 => send(),
        20 => {
            let (asked, witness) = (Arc::new(AtomicBool::new(false)), Witness::new());
            let flag = asked.clone();
            let made = reactor.notifier(move |d| {
                asked.store(false, SeqCst);
                answer(d.state, d.reactor, d.key, &witness)
            });
            if let Ok(notifier) = made {
                world.keys.push(notifier.key());
                world.flags.push((notifier.key(), flag.clone()));
                let former = NOTIFIERS.with(|all| {
                    let mut all = all.borrow_mut();
                    all.push((notifier, flag));
                    (all.len() > 12).then(|| all.remove(0))
                });
                drop(former);
            }
        }
        21 => {
            if let Ok(nest) = a_nest() {
                if let Ok(handle) = reactor.add(nest) {
                    world.keys.push(handle.key());
                }
            }
        }
        22 => {
            if roll(3) == 0 {
                reactor.stop();
            }
        }
        _ => world.fire(),
    }
    bomb(60);
}

thread_local!(static OPEN: RefCell<Vec<UnixStream>> = const { RefCell::new(Vec::new()) });
fn keep_open(stream: UnixStream) {
    OPEN.with(|open| {
        let mut open = open.borrow_mut();
        open.push(stream);
        if open.len() > 100 {
            open.drain(..50);
        }
    });
}

fn outside(reactor: &mut Eventp<World>, world: &mut World) {
    match roll(20) {
        14.. => {
            world.fire();
            world.fire();
            _ = reactor.run_once_with(world, NOW);
        }
        0..4 => act(world, Pinned::new(reactor)),
        4 => world.fire(),
        5 => {
            if !world.near.is_empty() {
                let handle = world.near[roll(world.near.len() as u64) as usize];
                drop(reactor.take(handle));
            }
        }
        6 => {
            if let Some(far) = world.far() {
                drop(reactor.take(far));
            }
        }
        7 => {
            for entry in reactor.iter() {
                entry.ports().for_each(drop);
                if let Some(far) = entry.downcast_ref::<Far>() {
                    assert_eq!(*far.witness.0, 42);
                }
                if let Some(near) = entry.downcast_ref::<Near<()>>() {
                    assert_eq!(*near.witness.0, 42);
                }
            }
        }
        8 => {
            let witness = Witness::new();
            reactor.on_error(move |_error, world| {
                let _witness = &witness;
                world.fire();
                notify();
                bomb(5);
            });
        }
        9 => {
            let witness = Witness::new();
            reactor.before_sleep(move |world, reactor| {
                let _witness = &witness;
                act(world, reactor);
                bomb(5);
                if roll(2) == 0 { Sleep::Skip } else { Sleep::Allow }
            });
        }
        10 => {
            // It moves.
            let moved = Box::new(std::mem::replace(reactor, Eventp::new().unwrap()));
            *reactor = *moved;
        }
        11 => {
            // A stop from who knows where, lest it run for ever.
            reactor.stop();
            _ = reactor.run_with(world);
        }
        12 => _ = reactor.run_once_with(world, Some(Duration::from_nanos(1))),
        _ => _ = reactor.run_once_with(world, NOW),
    }
}

fn program(seed: u64) {
    SEED.set(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut world = World::default();
    let mut reactor = Eventp::<World>::builder().capacity(1 + roll(8) as usize).build().unwrap();
    if roll(4) != 0 {
        REMOTE.set(Some(reactor.remote().unwrap()));
    }
    ARMED.set(true);
    for _ in 0..600 {
        if panics(|| outside(&mut reactor, &mut world)) {
            DEPTH.set(0);
        }
    }
    ARMED.set(false);
    DEPTH.set(0);
    if roll(2) == 0 {
        // Nothing is lost.
        reactor.before_sleep(|_, _| Sleep::Allow);
        reactor.on_error(|_, _| ());
        QUIET.set(true);
        let mut quiet = 0;
        for _ in 0..2000 {
            quiet = match reactor.run_once_with(&mut world, NOW) {
                Ok(0) => quiet + 1,
                _ => 0,
            };
            if quiet == 10 {
                break;
            }
        }
        let mut checked = 0;
        for handle in std::mem::take(&mut world.near) {
            let Ok(interest) = reactor.interest(handle) else { continue };
            if interest == an_edge() {
                let near = reactor.get_mut(handle).unwrap();
                if !near.lied.get() {
                    assert_eq!(drain(&near.stream), 0, "seed {seed}: an edge was lost");
                    checked += 1;
                }
            }
        }
        for (key, asked) in &world.flags {
            if reactor.contains(*key) {
                assert!(!asked.load(SeqCst), "seed {seed}: a notification was lost");
                checked += 1;
            }
        }
        CHECKED.fetch_add(checked, SeqCst);
        QUIET.set(false);
    }
    ARMED.set(true);
    match roll(3) {
        0 => _ = panics(|| drop(reactor)),
        1 => _ = panics(|| reactor.into_subscribers().for_each(drop)),
        _ => {
            _ = panics(move || {
                let _reactor = reactor;
                resume_unwind(Box::new("bomb"));
            });
        }
    }
    ARMED.set(false);
    REMOTE.set(None);
    NOTIFIERS.take();
    let kept = KEPT.take();
    drop(kept);
    KEPT.take();
    OPEN.take();
    NOTIFIERS.take();
    drop(world);
    assert_eq!(ALIVE.load(SeqCst), 0, "seed {seed}");
}
fn an_edge() -> Interest {
    interest().read().edge_triggered()
}

static CHECKED: AtomicUsize = AtomicUsize::new(0);

fn open_fds() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn whatever_panics_everything_is_dropped_once_and_no_fd_is_left() {
    let first: u64 = std::env::var("EVENTP_SEED").map_or(1, |it| it.parse().unwrap());
    let count: u64 = std::env::var("EVENTP_PROGRAMS").map_or(60, |it| it.parse().unwrap());
    _ = OTHER.as_fd();
    program(0);
    let before = open_fds();
    for seed in first..first + count {
        if std::env::var_os("EVENTP_TRACE").is_some() {
            eprintln!("seed {seed}");
        }
        program(seed);
        assert_eq!(open_fds(), before, "seed {seed}");
    }
    eprintln!(
        "{} bombs, {} calls, {} checked",
        BOMBS.load(SeqCst),
        CALLS.load(SeqCst),
        CHECKED.load(SeqCst)
    );
}
