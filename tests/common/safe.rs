// What the integration tests share, as far as it is safe code; included, so that crates with `#![forbid(unsafe_code)]` can have it.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use eventp::{Eventp, Interest, interest};


/// Long enough for anything that is to happen.
pub const LONG: Option<Duration> = Some(Duration::from_secs(10));
/// For what has happened already, or must not.
pub const NOW: Option<Duration> = Some(Duration::ZERO);

/// Two connected, non-blocking sockets.
pub fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

/// Has the other end of `peer` become readable.
pub fn fire(mut peer: &UnixStream) {
    peer.write_all(b"x").unwrap();
}

/// Reads all there is.
pub fn drain(mut stream: &UnixStream) -> usize {
    let mut total = 0;
    loop {
        match stream.read(&mut [0; 512]) {
            Ok(0) => return total,
            Ok(n) => total += n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return total,
            Err(e) => panic!("{e}"),
        }
    }
}

pub fn edge() -> Interest {
    interest().read().edge_triggered()
}

/// How many fds the process has open.
pub fn open_fds() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A log that handlers and destructors share.
#[derive(Clone, Default, Debug)]
pub struct Log(Rc<RefCell<Vec<&'static str>>>);

impl Log {
    pub fn say(&self, word: &'static str) {
        self.0.borrow_mut().push(word);
    }

    pub fn take(&self) -> Vec<&'static str> {
        self.0.take()
    }
}

/// Counts how often it is dropped.
#[derive(Clone, Default, Debug)]
pub struct Drops(Rc<Cell<usize>>);

impl Drops {
    pub fn count(&self) -> usize {
        self.0.get()
    }

    pub fn guard(&self) -> DropGuard {
        DropGuard(self.0.clone())
    }
}

#[derive(Debug)]
pub struct DropGuard(Rc<Cell<usize>>);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// An fd that carries whatever its closure captured: a destructor's witness that needs no handler of its own.
#[derive(Debug)]
pub struct With<T>(pub UnixStream, pub T);

impl<T> AsFd for With<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Runs `f` and says whether it panicked, without the noise.
pub fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// Dispatches what is ready now until nothing is, and says how many events were handled. At most 100 turns.
pub fn settle<S>(reactor: &mut Eventp<S>, state: &mut S) -> usize {
    let mut total = 0;
    for _ in 0..100 {
        match reactor.run_once_with(state, NOW).unwrap() {
            0 => return total,
            n => total += n,
        }
    }
    panic!("still events after 100 turns");
}

