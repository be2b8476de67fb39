//! Bombs everywhere: whatever code of a user's the reactor calls may panic at any time, and does.
//!
//! Random programs, each from its seed: every value is dropped once, no fd is left, and where nothing has lied, no event is lost. `EVENTP_SEED` is the
//! first seed and `EVENTP_PROGRAMS` how many there are; with `EVENTP_TRACE` and `-- --nocapture` it says which is under way.
#![forbid(unsafe_code)]

mod common {
    #![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
    include!("common/safe.rs");
}

#[path = "user_panics/bombs.rs"]
mod bombs;
#[path = "user_panics/subscribers.rs"]
mod subscribers;

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

use bombs::*;
use common::{NOW, drain, edge, open_fds, pair, panics};
use eventp::__private::{Each, Field, PortCall, Ports};
use eventp::{
    Dispatch, Eventp, Flow, Handle, Handler, HasInterest, Interest, Key, Notifier, Pinned, PortSet,
    Remote, Sleep, Subscriber, event, interest,
};
use subscribers::*;

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
            if interest == edge() {
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

static CHECKED: AtomicUsize = AtomicUsize::new(0);

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
