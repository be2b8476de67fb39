//! The system calls of the raw peer and of the workloads.
//!
//! In come fds and buffers that the type system vouches for; out come numbers, and a panic where the kernel refuses: a benchmark has no
//! way to go on then. These are `libc` calls and no wrappers of `std`, so that a workload itself costs next to nothing.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Mutex;
use std::time::Duration;

/// An fd that is never closed, so that tasks can be dropped and made again without a system call.
pub type Fd = &'static OwnedFd;

/// So many eventfds that nobody else uses. They come from a pool, to which [`Eventfds`] gives them back.
pub fn eventfds(wanted: usize) -> Eventfds {
    let mut pool = POOL.lock().unwrap();
    while pool.len() < wanted {
        pool.push(Box::leak(Box::new(eventfd())));
    }
    // The lowest numbers, as the kernel hands them out: tables by number are as large as they would be.
    pool.sort_by_key(|fd| fd.as_raw_fd());
    let rest = pool.split_off(wanted);
    Eventfds(core::mem::replace(&mut *pool, rest))
}

static POOL: Mutex<Vec<Fd>> = Mutex::new(Vec::new());

/// Eventfds on loan. Their counters are 0 when they are lent.
pub struct Eventfds(Vec<Fd>);

impl std::ops::Deref for Eventfds {
    type Target = [Fd];

    fn deref(&self) -> &[Fd] {
        &self.0
    }
}

impl Drop for Eventfds {
    fn drop(&mut self) {
        self.0.iter().for_each(|&fd| _ = drain(fd));
        POOL.lock().unwrap().append(&mut self.0);
    }
}

fn eventfd() -> OwnedFd {
    // SAFETY: takes no pointer.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) });
    // SAFETY: just opened, and nobody else knows the number.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Adds 1 to the counter of an eventfd.
#[inline]
pub fn ring(fd: Fd) {
    static ONE: u64 = 1;
    // SAFETY: reads the 8 bytes of `ONE`.
    let written = unsafe { libc::write(fd.as_raw_fd(), (&raw const ONE).cast(), 8) };
    if written != 8 {
        fail();
    }
}

/// Sets the counter of an eventfd to 0 and returns what it was.
#[inline]
pub fn drain(fd: Fd) -> u64 {
    let mut counter = 0u64;
    // SAFETY: writes the 8 bytes of `counter`.
    unsafe { libc::read(fd.as_raw_fd(), (&raw mut counter).cast(), 8) };
    counter
}

/// Receives what is there. `Some(0)` is the end, `None` that there is nothing now.
///
/// By `recv` and `send`, as `std` and so the other servers do: they take the kernel 2 % less than `read` and `write`.
#[inline]
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Option<usize> {
    let (start, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: writes into the buffer, no more than its length.
    let read = unsafe { libc::recv(socket.as_raw_fd(), start, length, 0) };
    match usize::try_from(read) {
        Ok(read) => Some(read),
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => None,
            error => panic!("recv: {error}"),
        },
    }
}

/// Sends all of it; the workloads never fill a socket's buffer.
#[inline]
pub fn send(socket: BorrowedFd<'_>, buffer: &[u8]) {
    let (start, length) = (buffer.as_ptr().cast(), buffer.len());
    // SAFETY: reads from the buffer, no more than its length.
    let sent = unsafe { libc::send(socket.as_raw_fd(), start, length, libc::MSG_NOSIGNAL) };
    if usize::try_from(sent) != Ok(length) {
        fail();
    }
}

/// Accepts a connection if there is one, non-blocking.
pub fn accept(listener: BorrowedFd<'_>) -> Option<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let (address, length) = (core::ptr::null_mut(), core::ptr::null_mut());
    // SAFETY: null pointers say that the address is not wanted.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), address, length, flags) };
    if fd >= 0 {
        // SAFETY: just opened, and nobody else knows the number.
        return Some(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::WouldBlock => None,
        error => panic!("accept: {error}"),
    }
}

/// The time that this thread has been running, in user and kernel mode.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes `time`.
    check(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) });
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Keeps this thread on one processor: servers on the first and clients on the last, lest the scheduler decide from round to round whether the two
/// share one.
pub struct Stay(libc::cpu_set_t);

impl Stay {
    pub fn on_first() -> Self {
        Self::on(|allowed| allowed.next())
    }

    pub fn on_last() -> Self {
        Self::on(|allowed| allowed.last())
    }

    fn on(choose: impl FnOnce(&mut dyn Iterator<Item = usize>) -> Option<usize>) -> Self {
        // SAFETY: all zeros is the empty set.
        let (mut former, mut wanted): (libc::cpu_set_t, libc::cpu_set_t) =
            unsafe { (core::mem::zeroed(), core::mem::zeroed()) };
        // SAFETY: writes `former`, which is as long as is said.
        check(unsafe { libc::sched_getaffinity(0, size_of_val(&former), &raw mut former) });
        // SAFETY: these look at `former`, and at numbers that it has room for.
        let mut allowed =
            (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &former) });
        if let Some(cpu) = choose(&mut allowed) {
            // SAFETY: writes `wanted`, which has room for the number.
            unsafe { libc::CPU_SET(cpu, &mut wanted) };
            set_affinity(&wanted);
        }
        Self(former)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        set_affinity(&self.0);
    }
}

fn set_affinity(cpus: &libc::cpu_set_t) {
    // SAFETY: reads `cpus`, which is as long as is said.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(cpus), cpus) });
}

/// An epoll instance, and nothing else.
pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> Self {
        // SAFETY: takes no pointer.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) });
        // SAFETY: just opened, and nobody else knows the number.
        Self(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    #[inline(always)]
    pub fn add(&self, fd: impl AsFd, events: i32, data: u64) {
        add(self.0.as_fd(), fd, events, data);
    }

    #[inline(always)]
    pub fn delete(&self, fd: impl AsFd) {
        let (epoll, fd) = (self.0.as_raw_fd(), fd.as_fd().as_raw_fd());
        let none = core::ptr::null_mut();
        // SAFETY: the pointer is not read when deleting.
        check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, fd, none) });
    }

    #[inline(always)]
    pub fn wait(&self, events: &mut [libc::epoll_event]) -> usize {
        let (buffer, length) = (events.as_mut_ptr(), events.len() as i32);
        // SAFETY: the kernel writes as many entries as the buffer has at most.
        check(unsafe { libc::epoll_wait(self.0.as_raw_fd(), buffer, length, -1) }) as usize
    }
}

impl Default for Epoll {
    fn default() -> Self {
        Self::new()
    }
}

/// Watches an fd in any epoll instance.
#[inline(always)]
pub fn add(epoll: BorrowedFd<'_>, fd: impl AsFd, events: i32, data: u64) {
    let mut event = libc::epoll_event { events: events as u32, u64: data };
    let (epoll, fd) = (epoll.as_raw_fd(), fd.as_fd().as_raw_fd());
    // SAFETY: reads `event`.
    check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) });
}

#[inline(always)]
fn check(returned: i32) -> i32 {
    if returned < 0 {
        fail();
    }
    returned
}

#[cold]
#[inline(never)]
fn fail() -> ! {
    panic!("{}", io::Error::last_os_error())
}

/// Whether `epoll_wait` repeats its last answer: for the workload `ready-user`. The program's `repeat.rs` has the function that heeds it, with the
/// feature `libc-wait`.
///
/// Statics, as the question is asked with each wait of every workload: it takes two instructions. One thread measures at a time.
pub mod repeat {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    static TIMES_SET: AtomicU64 = AtomicU64::new(0);
    static REPEATS: AtomicBool = AtomicBool::new(false);

    #[inline]
    pub fn get() -> bool {
        REPEATS.load(Ordering::Relaxed)
    }

    /// How often it was set: what was answered before is not repeated.
    #[inline]
    pub fn times_set() -> u64 {
        TIMES_SET.load(Ordering::Relaxed)
    }

    pub fn set(repeats: bool) {
        TIMES_SET.fetch_add(1, Ordering::Relaxed);
        REPEATS.store(repeats, Ordering::Relaxed);
    }
}
