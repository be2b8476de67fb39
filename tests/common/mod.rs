//! What the integration tests share: fds that are easy to make ready, and system calls behind the reactor's back.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
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

/// A duplicate with a number of its own.
pub fn dup(fd: impl AsFd) -> OwnedFd {
    fd.as_fd().try_clone_to_owned().unwrap()
}

/// Has `number` name the open file of `fd`, whatever it named before.
pub fn dup2(fd: impl AsFd, number: RawFd) {
    // SAFETY: takes no pointer. Whoever owns `number` is a party to the test.
    let got = unsafe { libc::dup2(fd.as_fd().as_raw_fd(), number) };
    assert_eq!(got, number, "{}", io::Error::last_os_error());
}

/// Closes a number that somebody else believes to own.
pub fn close_behind(number: RawFd) {
    // SAFETY: takes no pointer. Whoever owns `number` is a party to the test.
    assert_eq!(unsafe { libc::close(number) }, 0, "{}", io::Error::last_os_error());
}

/// An fd number that nothing uses, far above those that the kernel hands out while tests run side by side.
pub fn high_number() -> RawFd {
    use std::sync::atomic::{AtomicI32, Ordering};
    static NEXT: AtomicI32 = AtomicI32::new(900);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A stream under a number of its own choice, so that tests in other threads cannot get the number when it is closed.
pub fn at(number: RawFd, stream: UnixStream) -> UnixStream {
    dup2(&stream, number);
    // SAFETY: `dup2` has just made `number`, and nobody else owns it.
    unsafe { UnixStream::from_raw_fd(number) }
}

/// Forgets a stream whose number has been closed or given away.
pub fn forget(stream: UnixStream) {
    let _number = stream.into_raw_fd();
}

/// How many registrations the epoll instance of the reactor has: those of all epoll instances of the process that watch `number`.
pub fn registrations_of(number: RawFd) -> usize {
    let mut found = 0;
    for entry in std::fs::read_dir("/proc/self/fdinfo").unwrap().flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        found += text
            .lines()
            .filter_map(|line| line.strip_prefix("tfd:")?.split_whitespace().next()?.parse().ok())
            .filter(|&target: &RawFd| target == number)
            .count();
    }
    found
}
