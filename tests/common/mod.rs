//! What the integration tests share: fds that are easy to make ready, and system calls behind the reactor's back.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

include!("safe.rs");

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

/// An fd that its subscriber does not own, so that tests can close it behind the reactor's back.
#[derive(Debug)]
pub struct Number(pub RawFd);

impl AsFd for Number {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open when it is registered, which is when it is asked.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// A registration that its number no longer reaches, and that is ready: the kernel reports it in every turn until the epoll instance
/// is rebuilt. Lives as long as the return value.
#[must_use]
pub fn ghost<S>(reactor: &mut Eventp<S>) -> (OwnedFd, UnixStream) {
    let (stream, peer) = pair();
    let stream = at(high_number(), stream);
    let open_file = dup(&stream);
    let key = reactor
        .on(interest().read().with_fd(Number(stream.as_raw_fd())), |_| panic!("a ghost"))
        .unwrap();
    drop(stream);
    reactor.delete(key).unwrap();
    fire(&peer);
    (open_file, peer)
}

/// Runs the test of this name in a process of its own: what it does to limits or numbers concerns no other.
pub fn alone(name: &str, test: impl FnOnce()) {
    let Some(child) = outcome_alone(name, test) else { return };
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}{}", String::from_utf8_lossy(&child.stderr));
    assert!(text.contains("1 passed"), "{text}");
}

/// The same for a test that looks at how its process ended; `None` in that process.
pub fn outcome_alone(name: &str, test: impl FnOnce()) -> Option<std::process::Output> {
    const MARK: &str = "EVENTP_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        test();
        return None;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(MARK, "1");
    Some(command.output().unwrap())
}
