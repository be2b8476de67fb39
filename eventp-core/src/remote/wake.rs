//! What wakes a reactor: an eventfd that is watched edge-triggered and never read, and the flags that say what for.
//!
//! Its header is no subscriber's: it is owned by [`Wake`] and lives as long as the reactor. Nothing here knows the reactor's state type.

use core::ptr::NonNull;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use crate::header::{Call, Header, Standing, data_of};
use crate::key::Key;
use crate::remote::notifier::{Alert, Flag};
use crate::remote::queue::Queue;
use crate::sources::{Doorbell, doorbell};
use crate::sync::{AtomicUsize, Ordering};
use crate::sys::{self, Epoll};

/// What all threads share.
#[derive(Debug)]
pub(crate) struct Bell {
    doorbell: Doorbell,
    stop: Flag,
    pub(crate) alerts: Queue<Arc<Alert>>,
    /// How many alerts there are, in the queue or not.
    alive: AtomicUsize,
    /// The reactor's own.
    thread: ThreadId,
}

impl Bell {
    pub(crate) fn ring(&self) -> io::Result<()> {
        self.doorbell.ring()
    }

    pub(crate) fn stop(&self) -> io::Result<()> {
        self.stop.raise();
        // Even if another stop is under way: whose ring may have failed.
        self.ring()
    }

    /// Whether a stop was asked for since this was asked last.
    pub(crate) fn take_stop(&self) -> bool {
        self.stop.lower()
    }

    /// Has the queue have room for all alerts and one more.
    pub(crate) fn make_room_for_one_more(&self) {
        let others = self.alive.fetch_add(1, Ordering::Relaxed);
        self.alerts.reserve(others + 1);
    }

    pub(crate) fn one_less(&self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn is_own_thread(&self) -> bool {
        self.thread == thread::current().id()
    }
}

/// The reactor's side.
#[derive(Debug)]
pub(crate) struct Wake {
    pub(crate) bell: Arc<Bell>,
    header: NonNull<Header>,
}

impl Wake {
    /// Makes the eventfd and has `epoll` watch it. `rung` is what it calls in this reactor.
    pub(crate) fn new(epoll: &Epoll, rung: Call) -> io::Result<Self> {
        let bell = Arc::new(Bell {
            doorbell: sys::eventfd()?.into(),
            stop: Flag::default(),
            alerts: Queue::new(),
            alive: AtomicUsize::new(0),
            thread: thread::current().id(),
        });
        let header = Box::new(Header {
            call: rung,
            key: Key { slot: u32::MAX, generation: 0 },
            fd: bell.doorbell.as_raw_fd(),
            interest: doorbell(),
            index: 0,
            field: 0,
            standing: Standing::Armed,
            changed: 0,
        });
        let wake = Self { bell, header: NonNull::from(Box::leak(header)) };
        wake.register(epoll)?;
        Ok(wake)
    }

    pub(crate) fn register(&self, epoll: &Epoll) -> io::Result<()> {
        epoll.add(self.fd(), doorbell(), data_of(self.header.as_ptr()))
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.bell.doorbell.as_raw_fd()
    }

    pub(crate) fn header(&self) -> *mut Header {
        self.header.as_ptr()
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `new`. I1: a `Wake` is dropped with its reactor, after which nobody asks the epoll instance, or in
        // `new`, when the instance refused the address.
        drop(unsafe { Box::from_raw(self.header.as_ptr()) });
    }
}
