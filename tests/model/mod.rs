//! Random programs over a real reactor and a reference model.
//!
//! A program is a string of bytes, so proptest and libFuzzer speak the same language; every string is a program. Bytes are drawn by
//! whoever needs one: the loop outside of run calls, each handler that is called, and each closure of a remote.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | programs, what is done from outside, and the end, where nothing may be left |
//! | `operations.rs`, `adding.rs`, `arming.rs`, `files.rs`, `remotes.rs` | what can be done from anywhere |
//! | `handlers.rs` | what is called back |
//! | `subscribers.rs`, `names.rs` | the subscribers, their whims, and their last wishes |
//! | `world.rs` | the state, and what holds between steps |
//! | `kernel.rs` | the model of `epoll` |
//! | `reference.rs`, `batches.rs`, `bell.rs` | the model of the reactor: what is registered, run calls, and what is handed in |
//! | `procfs.rs`, `counting.rs` | what the kernel and the allocator say |
//!
//! After each step from outside: who was called, with which event, once per reported readiness and no more; who was dropped, once and when; what
//! was told; that the kernel has exactly the registrations of the model; and that limbo has nobody but those that it may still report. After each
//! program: no fd and no memory is left.

pub mod adding;
pub mod arming;
pub mod batches;
pub mod bell;
pub mod counting;
pub mod files;
pub mod handlers;
pub mod kernel;
pub mod names;
pub mod operations;
pub mod procfs;
pub mod reference;
pub mod remotes;
pub mod subscribers;
pub mod world;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventp::{Eventp, Pinned, interest};

use files::close_all;
use handlers::Me;
use names::{Name, Peek, with_handle};
use subscribers::{NUMBERS, Witness, real_interest, real_number};
use world::{Sub, World};

/// Each step from outside begins with a byte at a multiple of this.
pub const STEP: usize = 8;

/// How many operations all programs have done, turns included.
pub static OPERATIONS: AtomicU64 = AtomicU64::new(0);

/// Whether `EVENTP_TRACE` is set.
pub fn is_traced() -> bool {
    static IS_TRACED: OnceLock<bool> = OnceLock::new();
    *IS_TRACED.get_or_init(|| std::env::var_os("EVENTP_TRACE").is_some())
}

/// Tells what happens, where `EVENTP_TRACE` is set.
macro_rules! trace {
    ($($text:tt)*) => {
        if $crate::model::is_traced() {
            eprintln!($($text)*);
        }
    };
}
use trace;

/// A panic that the program asked for, told apart from one that says the reactor is wrong.
struct Asked(Box<u32>);

/// Panics as the program says.
pub fn panic_by_order() -> ! {
    resume_unwind(Box::new(Asked(Box::new(7))))
}

pub struct Program {
    bytes: Vec<u8>,
    next: usize,
}

impl Program {
    pub fn byte(&mut self) -> u8 {
        self.next += 1;
        self.bytes.get(self.next - 1).copied().unwrap_or(0)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    /// What has been left of a step's bytes is not the next one's: so a step can be taken out, and the others stay what they are.
    fn next_step(&mut self) {
        self.next = self.next.next_multiple_of(STEP);
    }

    fn is_over(&self) -> bool {
        self.next >= self.bytes.len()
    }
}

/// Runs what may panic by order of the program; other panics go on.
pub fn catch<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(done) => Some(done),
        Err(panic) if panic.downcast_ref::<Asked>().is_some_and(|asked| *asked.0 == 7) => None,
        Err(panic) => resume_unwind(panic),
    }
}

type Shared = Rc<RefCell<Eventp<World>>>;

/// The reactor, and perhaps another one that it is nested in.
struct Setting {
    reactor: Shared,
    outer: Option<Eventp<World>>,
    registrations: procfs::Registrations,
}

/// Runs a program.
///
/// # Panics
///
/// If the reactor does what the model does not allow.
pub fn run(bytes: &[u8]) {
    close_all(); // what a program that failed has left
    let before = (procfs::open_fds(), counting::bytes());
    run_program(Program { bytes: bytes.to_vec(), next: 0 });
    assert_eq!((procfs::open_fds(), counting::bytes()), before, "fds and memory are left");
}

fn run_program(program: Program) {
    let mut world = World::new(program);
    let mut setting = set_up(&mut world);
    (0..NUMBERS).for_each(|number| world.open_new_at(number));
    while !world.program.is_over() && !world.model.batches.is_lost {
        world.program.next_step();
        match world.program.below(8) {
            0..3 => turn(&mut setting, &mut world),
            3 => apart(&mut setting, &mut world),
            _ => {
                let mut reactor = setting.reactor.borrow_mut();
                let mut pinned = Pinned::new(&mut *reactor);
                catch(|| operations::act(&mut world, &mut pinned, &mut Me::Nobody));
            }
        }
        if !world.model.batches.is_lost {
            world.check(&setting.reactor.borrow(), &mut setting.registrations);
        }
    }
    finish(setting, world);
}

fn set_up(world: &mut World) -> Setting {
    let others = procfs::epolls();
    let mut reactor = Eventp::<World>::builder().capacity(256).build().unwrap();
    let own: BTreeSet<RawFd> = procfs::epolls().difference(&others).copied().collect();
    reactor.on_error(|error, world| world.heard(&error));
    if world.program.chance(2) {
        world.remote = Some(reactor.remote().unwrap());
    }
    let is_nested = world.program.chance(3);
    let readiness = is_nested.then(|| reactor.readiness().unwrap());
    let reactor = Rc::new(RefCell::new(reactor));
    world.model.batches.is_nested = is_nested;
    let outer = readiness.map(|readiness| {
        let mut outer = Eventp::<World>::new().unwrap();
        let reactor = Rc::clone(&reactor);
        let source = interest().read().with_fd(readiness);
        outer.on(source, move |d| run_once(&reactor, d.state)).unwrap();
        outer
    });
    let others = procfs::epolls().difference(&own).copied().collect();
    let has_bell = world.remote.is_some() || is_nested;
    Setting { reactor, outer, registrations: procfs::Registrations::new(others, has_bell) }
}

/// One run call, by itself or through the outer reactor.
fn turn(setting: &mut Setting, world: &mut World) {
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    world.ran = None;
    let ran = match &mut setting.outer {
        Some(outer) if !world.program.chance(4) => {
            catch(|| _ = outer.run_once_with(world, Some(Duration::ZERO)).unwrap())
        }
        _ => catch(|| run_once(&setting.reactor, world)),
    };
    match (ran, world.ran) {
        (None, _) => world.model.batches.interrupted(),
        (Some(()), None) => {
            assert!(!world.model.has_something_to_do(), "the outer reactor was not told");
        }
        (Some(()), Some(handled)) => {
            let foreseen = world.model.end_turn();
            if !world.model.batches.is_lost {
                assert_eq!(handled, foreseen, "so many events reached a handler");
                world.check_told();
            }
        }
    }
}

fn run_once(reactor: &Shared, world: &mut World) {
    trace!("turn");
    begin(world, false);
    let ran = reactor.borrow_mut().run_once_with(world, Some(Duration::ZERO));
    world.ran = Some(ran.unwrap());
}

fn begin(world: &mut World, is_all: bool) {
    world.model.begin_turn(is_all);
    // Deleted in a handler that panicked: dropped now.
    if let Some(id) = world.doomed.take() {
        world.release(id);
    }
}

/// What can be done from outside only.
fn apart(setting: &mut Setting, world: &mut World) {
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    let mut reactor = setting.reactor.borrow_mut();
    match world.program.below(6) {
        0 => take(&mut reactor, world),
        1 | 2 => add_notifier(&mut reactor, world),
        3 => run_until_stopped(&mut reactor, world),
        _ => list(&reactor, world),
    }
}

/// Takes a subscriber back.
fn take(reactor: &mut Eventp<World>, world: &mut World) {
    let Some((id, sub)) = world.pick() else { return };
    let (is_pending, is_perhaps) = world.model.is_pending(id);
    trace!("take {id}");
    with_handle!(
        sub.name,
        handle => match reactor.take(handle) {
            Ok(value) => {
                assert!(!is_pending, "its event is lost");
                value.peek(|body| body.witness.check(id));
                drop(value);
                world.unregister(id);
                world.model.remove_all_of(id);
                world.model.tidy();
                assert_eq!(world.release(id), world.was_dropped(id));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
                assert!(is_perhaps, "refused for nothing");
            }
        },
        _key => {}
    );
}

fn add_notifier(reactor: &mut Eventp<World>, world: &mut World) {
    if world.remote.is_none() || world.notifiers.len() > 3 {
        return;
    }
    let id = world.new_value();
    trace!("add notifier {id}");
    let witness = Witness::new(id, &world.log);
    let notifier = reactor.notifier(move |d| handlers::notified(&witness, d)).unwrap();
    let name = Name::Notified(notifier.key());
    world.subs.insert(id, Sub { name, is_broken: false });
    world.hold(id);
    world.model.batches.notified.insert(id);
    world.notifiers.insert(id, notifier);
}

/// A run call that finds a stop: it delivers the rest of an interrupted batch and returns.
fn run_until_stopped(reactor: &mut Eventp<World>, world: &mut World) {
    let batches = &world.model.batches;
    if !batches.is_stopping || batches.is_anything_handed_in() {
        return;
    }
    trace!("run until stopped");
    begin(world, true);
    match catch(|| reactor.run_with(world).unwrap()) {
        None => world.model.batches.interrupted(),
        Some(()) => {
            world.model.end_turn();
            world.model.batches.stopped(world.remote.is_some());
            world.check_told();
        }
    }
}

/// Who is registered with which fds and interests.
fn list(reactor: &Eventp<World>, world: &World) {
    let mut listed: Vec<_> = reactor
        .iter()
        .flat_map(|entry| entry.ports().map(move |port| (entry.key(), port)))
        .map(|(key, port)| (key, port.fd(), port.interest().bits()))
        .collect();
    listed.sort_unstable();
    let watched = world.model.ports.values().filter(|port| port.is_watched());
    let mut expected: Vec<_> = watched
        .map(|port| {
            let key = world.subs[&port.place.id].name.key();
            (key, real_number(port.number), real_interest(port.interest).bits())
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    assert!(format!("{reactor:?}").starts_with("Eventp"));
}

/// Ends the reactor in one of two ways, and checks that all values are dropped.
fn finish(setting: Setting, mut world: World) {
    let Setting { reactor, outer, .. } = setting;
    drop(outer);
    let reactor = Rc::into_inner(reactor).expect("the outer reactor has let it go").into_inner();
    if world.program.chance(2) {
        let half = reactor.len() / 2;
        assert_eq!(reactor.into_subscribers().take(half).count(), half);
    } else {
        drop(reactor);
    }
    if let Some(remote) = &world.remote {
        assert_eq!(World::send_job(remote, 0).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
    world.check_dropped();
    close_all();
}
