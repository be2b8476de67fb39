//! Random programs over a real reactor and a reference model.
//!
//! A program is a string of bytes, so proptest and libFuzzer speak the same language; every string is a program. Bytes are drawn by
//! whoever needs one: the loop outside of run calls, and each handler that is called.

pub mod kernel;
pub mod reference;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventp::{Dispatch, Eventp, Flow, Handle, Handler, HasInterest, Pinned, interest};

use kernel::{File, Interest, Number, Port, Refusal};
use reference::Reference;

/// So many fd numbers take part, from this one on: far above those that the process uses otherwise.
const NUMBERS: usize = 6;
const FIRST: RawFd = 1200;
const MOST_SUBSCRIBERS: usize = 12;

/// Tells what happens, where `EVENTP_TRACE` is set.
macro_rules! trace {
    ($($text:tt)*) => {
        if std::env::var_os("EVENTP_TRACE").is_some() {
            eprintln!($($text)*);
        }
    };
}

/// How many operations all programs have done, turns included.
pub static OPERATIONS: AtomicU64 = AtomicU64::new(0);

/// A panic that the program asked for, told apart from one that says the reactor is wrong.
struct Asked;

struct Program {
    bytes: Vec<u8>,
    next: usize,
}

impl Program {
    fn byte(&mut self) -> u8 {
        self.next += 1;
        self.bytes.get(self.next - 1).copied().unwrap_or(0)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    fn is_over(&self) -> bool {
        self.next >= self.bytes.len()
    }
}

/// What destructors tell.
#[derive(Default)]
struct Drops {
    dropped: Vec<Port>,
    /// The next destructor panics.
    bomb: bool,
}

/// A subscriber that owns no fd: the program closes, swaps and reuses the numbers behind the reactor's back.
struct Sub {
    port: Port,
    number: RawFd,
    interest: Interest,
    /// Read in the handler and in the destructor: AddressSanitizer sees a value that is gone.
    witness: Box<Port>,
    drops: Rc<RefCell<Drops>>,
}

impl AsFd for Sub {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: not that of `borrow_raw`: the number may be closed. The reactor may not rely on it.
        unsafe { BorrowedFd::borrow_raw(self.number) }
    }
}

impl HasInterest for Sub {
    fn interest(&self) -> eventp::Interest {
        real(self.interest)
    }
}

impl Drop for Sub {
    fn drop(&mut self) {
        assert_eq!(*self.witness, self.port);
        let mut drops = self.drops.borrow_mut();
        drops.dropped.push(self.port);
        if std::mem::take(&mut drops.bomb) {
            drop(drops);
            resume_unwind(Box::new(Asked));
        }
    }
}

fn real(wanted: Interest) -> eventp::Interest {
    let mut interest = interest();
    if wanted.read {
        interest = interest.read();
    }
    if wanted.edge {
        interest = interest.edge_triggered();
    }
    if wanted.once {
        interest = interest.oneshot();
    }
    interest
}

/// The state: the program, the model, and the real files.
struct World {
    program: Program,
    model: Reference,
    handles: BTreeMap<Port, Handle<Sub>>,
    /// One fd for each living file that the test holds by itself.
    files: BTreeMap<File, OwnedFd>,
    next_file: File,
    next_port: Port,
    drops: Rc<RefCell<Drops>>,
    told: usize,
    failed: usize,
}

/// Runs a program.
///
/// # Panics
///
/// If the reactor does what the model does not allow.
pub fn run(bytes: &[u8]) {
    close_all(); // what a program that failed has left
    let drops = Rc::new(RefCell::new(Drops::default()));
    let mut world = World {
        program: Program { bytes: bytes.to_vec(), next: 0 },
        model: Reference::default(),
        handles: BTreeMap::new(),
        files: BTreeMap::new(),
        next_file: 0,
        next_port: 0,
        drops: Rc::clone(&drops),
        told: 0,
        failed: 0,
    };
    let mut reactor = Eventp::<World>::builder().capacity(64).build().unwrap();
    reactor.on_error(|error, world| {
        assert!(matches!(error.operation(), "handle" | "rebuild"), "{error}");
        world.told += usize::from(error.operation() == "handle");
    });
    while !world.program.is_over() && !world.model.is_tangled {
        match world.program.below(4) {
            0 => turn(&mut reactor, &mut world),
            1 if world.program.chance(4) => take(&mut reactor, &mut world),
            _ => {
                let caught = catch(|| act(&mut world, &mut Pinned::new(&mut reactor), None));
                let _ = caught;
                world.model.tidy();
            }
        }
        world.check(&reactor);
    }
    finish(reactor, world, &drops);
}

/// Runs what may panic by order of the program; other panics go on.
fn catch<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Asked>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// One run call.
fn turn(reactor: &mut Eventp<World>, world: &mut World) {
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    // The rest of an interrupted batch comes first; if nobody is left in it, the same call waits for the next.
    if !world.model.is_anybody_left() {
        world.model.finish();
        world.model.wait();
        trace!("wait: {:?} open {}", world.model.expected, world.model.is_open);
    }
    let ran = catch(|| reactor.run_once_with(world, Some(Duration::ZERO)));
    if let Some(ran) = ran {
        ran.unwrap();
        trace!("finish");
        world.model.finish();
    }
    world.drops.borrow_mut().bomb = false;
}

/// Something done from a handler (then with the running subscriber) or from outside.
fn act(world: &mut World, reactor: &mut Pinned<'_, Eventp<World>>, running: Option<Port>) {
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    let what = world.program.below(12);
    match what {
        0 | 1 => world.add(reactor),
        2 => world.modify(reactor),
        3 => world.delete(reactor, running),
        4 => world.open_new(),
        5 => world.open_known(),
        6 => world.close(),
        7 => world.let_go(),
        8 | 9 => world.fire(),
        10 => world.drain(),
        _ => world.look(reactor, running),
    }
}

impl World {
    fn number(&mut self) -> Number {
        self.program.below(NUMBERS)
    }

    fn pick_file(&mut self) -> Option<File> {
        let files: Vec<File> = self.files.keys().copied().collect();
        if files.is_empty() { None } else { Some(files[self.program.below(files.len())]) }
    }

    fn pick(&mut self) -> Option<(Port, Handle<Sub>)> {
        let known: Vec<_> = self.handles.iter().map(|(&port, &handle)| (port, handle)).collect();
        if known.is_empty() { None } else { Some(known[self.program.below(known.len())]) }
    }

    fn some_interest(&mut self) -> Interest {
        let bits = self.program.byte();
        Interest { read: bits & 7 != 0, edge: bits & 8 != 0, once: bits & 16 != 0 }
    }

    fn add(&mut self, reactor: &mut Pinned<'_, Eventp<World>>) {
        if self.handles.len() == MOST_SUBSCRIBERS {
            return;
        }
        let (port, number, interest) = (self.next_port, self.number(), self.some_interest());
        self.next_port += 1;
        let drops = Rc::clone(&self.drops);
        let number_fd = FIRST + number as RawFd;
        let sub = Sub { port, number: number_fd, interest, witness: Box::new(port), drops };
        let expected = self.model.add(port, number, interest);
        trace!("add port {port} number {number} {interest:?} -> {expected:?}");
        match (reactor.add(sub), expected) {
            (Ok(handle), Ok(())) => {
                self.handles.insert(port, handle);
            }
            (Err(error), Err(refusal)) => assert_eq!(error.kind(), kind(refusal), "{error}"),
            (real, expected) => panic!("add: {real:?}, but the model says {expected:?}"),
        }
    }

    fn modify(&mut self, reactor: &mut Pinned<'_, Eventp<World>>) {
        let Some((port, handle)) = self.pick() else { return };
        let interest = self.some_interest();
        trace!("modify {port} {interest:?}");
        match (reactor.modify(handle, real(interest)), self.model.modify(port, interest)) {
            (Ok(()), Ok(_)) => {}
            (Err(error), Err(refusal)) => assert_eq!(error.kind(), kind(refusal), "{error}"),
            (real, expected) => panic!("modify: {real:?}, but the model says {expected:?}"),
        }
    }

    fn delete(&mut self, reactor: &mut Pinned<'_, Eventp<World>>, running: Option<Port>) {
        let Some((port, handle)) = self.pick() else { return };
        let bomb = self.program.chance(8) && running != Some(port);
        self.drops.borrow_mut().bomb = bomb;
        let before = self.drops.borrow().dropped.len();
        self.handles.remove(&port);
        self.model.remove(port);
        trace!("delete {port}");
        let deleted = catch(|| reactor.delete(handle).unwrap());
        assert_eq!(deleted.is_none(), bomb, "the destructor's panic comes through");
        let drops = self.drops.borrow();
        if running == Some(port) {
            assert_eq!(drops.dropped.len(), before, "not under its own handler");
        } else {
            assert_eq!(drops.dropped[before..], [port], "dropped at once");
        }
        drop(drops);
        assert_eq!(reactor.delete(handle).unwrap_err().kind(), ErrorKind::NotFound);
        if bomb && self.program.chance(2) {
            resume_unwind(Box::new(Asked));
        }
    }

    /// Gives a number a new file.
    fn open_new(&mut self) {
        // SAFETY: takes no pointer.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        assert!(fd >= 0);
        // SAFETY: just opened, and nobody else knows the number.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let file = self.next_file;
        self.next_file += 1;
        self.model.kernel.counters.insert(file, 0);
        self.model.kernel.held.insert(file);
        self.files.insert(file, fd);
        self.open(file);
    }

    fn open_known(&mut self) {
        if let Some(file) = self.pick_file() {
            self.open(file);
        }
    }

    fn open(&mut self, file: File) {
        let number = self.number();
        // SAFETY: takes no pointer; the numbers are the test's.
        let got = unsafe { libc::dup2(self.files[&file].as_raw_fd(), FIRST + number as RawFd) };
        assert_eq!(got, FIRST + number as RawFd);
        trace!("open number {number} file {file}");
        self.model.kernel.open(number, file);
    }

    fn close(&mut self) {
        let number = self.number();
        // SAFETY: takes no pointer; the numbers are the test's.
        let closed = unsafe { libc::close(FIRST + number as RawFd) } == 0;
        assert_eq!(closed, self.model.kernel.names.contains_key(&number));
        trace!("close number {number}");
        self.model.kernel.close(number);
    }

    /// The test no longer holds a file open by itself: it goes with the last number.
    fn let_go(&mut self) {
        if let Some(file) = self.pick_file() {
            self.files.remove(&file);
            trace!("let go {file}");
            self.model.kernel.let_go(file);
        }
    }

    fn fire(&mut self) {
        let Some(file) = self.pick_file() else { return };
        let one = 1u64.to_ne_bytes();
        // SAFETY: the eight bytes of `one` are read.
        let wrote = unsafe { libc::write(self.files[&file].as_raw_fd(), one.as_ptr().cast(), 8) };
        assert_eq!(wrote, 8);
        trace!("fire {file}");
        self.model.kernel.fire(file);
    }

    fn drain(&mut self) {
        if let Some(file) = self.pick_file() {
            let mut counter = [0u8; 8];
            // SAFETY: eight bytes are written to `counter`.
            unsafe {
                libc::read(self.files[&file].as_raw_fd(), counter.as_mut_ptr().cast(), 8);
            }
            trace!("drain {file}");
            self.model.kernel.drain(file);
        }
    }

    /// Lends a subscriber, and asks questions.
    fn look(&mut self, reactor: &mut Pinned<'_, Eventp<World>>, running: Option<Port>) {
        let Some((port, handle)) = self.pick() else { return };
        assert!(reactor.contains(handle));
        assert_eq!(reactor.interest(handle).unwrap(), real(self.model.ports[&port].interest));
        match reactor.get_mut(handle) {
            Ok(sub) => {
                assert_ne!(running, Some(port), "a second `&mut` to the running subscriber");
                assert_eq!(*sub.witness, port);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
                assert_eq!(running, Some(port));
            }
        }
    }

    /// What holds between any two operations.
    fn check(&self, reactor: &Eventp<World>) {
        assert_eq!(reactor.len(), self.handles.len());
        assert_eq!(self.told, self.failed, "each error is told once");
        let live: Vec<Port> = self.handles.keys().copied().collect();
        let mut listed: Vec<Port> =
            reactor.iter().map(|entry| entry.downcast_ref::<Sub>().unwrap().port).collect();
        listed.sort_unstable();
        assert_eq!(listed, live);
        let mut dropped = self.drops.borrow().dropped.clone();
        dropped.sort_unstable();
        assert!(dropped.windows(2).all(|pair| pair[0] != pair[1]), "dropped twice");
        assert!(live.iter().all(|port| dropped.binary_search(port).is_err()), "dropped alive");
    }
}

fn kind(refusal: Refusal) -> ErrorKind {
    match refusal {
        Refusal::Closed => ErrorKind::InvalidInput,
        Refusal::Exists => ErrorKind::AlreadyExists,
        Refusal::Unknown => ErrorKind::NotFound,
    }
}

impl Handler<Eventp<World>> for Sub {
    fn handle(dispatch: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        let Dispatch { fd: this, state: world, mut reactor, key, event, .. } = dispatch;
        let port = this.port;
        assert!(event.is_readable());
        trace!("called {port}");
        world.model.called(port);
        for _ in 0..world.program.below(4) {
            act(world, &mut reactor, Some(port));
            assert_eq!(*this.witness, port, "gone under its own handler");
        }
        let is_registered = world.handles.contains_key(&port);
        assert_eq!(reactor.contains(key), is_registered);
        let answer = world.program.below(12);
        trace!("answer {answer}");
        if matches!(answer, 0 | 1) && is_registered {
            world.handles.remove(&port);
            world.model.remove(port);
        }
        match answer {
            0 => Ok(Flow::Remove),
            1 => {
                world.failed += 1;
                Err(io::Error::other("asked"))
            }
            2 => Ok(Flow::Stop),
            3 => resume_unwind(Box::new(Asked)),
            _ => Ok(Flow::Keep),
        }
    }
}

/// Takes a subscriber back.
fn take(reactor: &mut Eventp<World>, world: &mut World) {
    let Some((port, handle)) = world.pick() else { return };
    let is_pending = world.model.is_pending(port);
    match reactor.take(handle) {
        Ok(sub) => {
            assert!(!is_pending, "its event is lost");
            assert_eq!((*sub.witness, sub.port), (port, port));
            world.handles.remove(&port);
            world.model.remove(port);
            world.model.tidy();
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
            let model = &world.model.ports[&port];
            assert!(is_pending || model.is_tangled, "refused for nothing");
        }
    }
}

/// Ends the reactor in one of two ways, and checks that nothing is left.
fn finish(reactor: Eventp<World>, mut world: World, drops: &Rc<RefCell<Drops>>) {
    let added = world.model.ports.len();
    if world.program.chance(2) {
        let half = reactor.len() / 2;
        let taken: Vec<_> = reactor.into_subscribers().take(half).collect();
        assert_eq!(taken.len(), half);
    } else {
        drop(reactor);
    }
    let refused = world.next_port as usize - added;
    assert_eq!(drops.borrow().dropped.len(), added + refused, "each is dropped exactly once");
    close_all();
}

fn close_all() {
    for number in 0..NUMBERS {
        // SAFETY: takes no pointer; the numbers are the test's.
        unsafe { libc::close(FIRST + number as RawFd) };
    }
}
