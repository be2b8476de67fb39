//! Reaching a reactor from other threads. So far: stopping it.
//!
//! A [`Remote`] shares a flag and an eventfd with its reactor. The eventfd is watched edge-triggered and never read. Its header is no
//! subscriber's: it is owned by [`Wake`] and lives as long as the reactor.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};

use crate::doorbell::{Doorbell, doorbell};
use crate::engine::Engine;
use crate::header::{Header, Standing, data_of};
use crate::key::Key;
use crate::sys::Epoll;

#[derive(Debug)]
struct Shared {
    bell: Doorbell,
    stop: AtomicBool,
}

/// The reactor's side.
#[derive(Debug)]
pub(crate) struct Wake {
    shared: Arc<Shared>,
    header: NonNull<Header>,
}

impl Wake {
    /// Makes the eventfd and has `epoll` watch it.
    pub(crate) fn new(epoll: &Epoll) -> io::Result<Self> {
        let shared = Arc::new(Shared { bell: Doorbell::new()?, stop: AtomicBool::new(false) });
        let header = Box::new(Header {
            call: rung,
            key: Key { slot: u32::MAX, generation: 0 },
            fd: shared.bell.as_raw_fd(),
            interest: doorbell(),
            index: 0,
            field: 0,
            standing: Standing::Armed,
            changed: 0,
        });
        let wake = Self { shared, header: NonNull::from(Box::leak(header)) };
        wake.register(epoll)?;
        Ok(wake)
    }

    pub(crate) fn register(&self, epoll: &Epoll) -> io::Result<()> {
        epoll.add(self.fd(), doorbell(), data_of(self.header.as_ptr()))
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.shared.bell.as_raw_fd()
    }

    pub(crate) fn remote<S>(&self) -> Remote<S> {
        Remote { shared: Arc::downgrade(&self.shared), state: PhantomData }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `new`. I1: a `Wake` is dropped with its reactor, after which nobody asks the epoll instance, or in
        // `new`, when the instance refused the address.
        drop(unsafe { Box::from_raw(self.header.as_ptr()) });
    }
}

/// The `call` of the eventfd.
///
/// # Safety
///
/// As for every [`Call`](crate::header::Call).
unsafe fn rung(_header: *mut Header, _events: u32, reactor: *mut c_void) {
    // SAFETY: the engine is the first field of every reactor (`repr(C)`), and between two handlers nobody else refers to it.
    let engine = unsafe { &mut *reactor.cast::<Engine>() };
    engine.batch.silenced += 1;
    if engine.wake.as_ref().is_some_and(|wake| wake.shared.stop.swap(false, Ordering::AcqRel)) {
        engine.ask_to_stop();
    }
}

/// A reactor, as other threads see it; made by [`Eventp::remote`](crate::Eventp::remote).
///
/// It is `Send` and `Sync` whatever the state `S` is, and does not keep the reactor alive.
///
/// ```
/// use std::{io, thread};
/// use eventp_core::Eventp;
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::new()?;
/// let remote = reactor.remote()?;
/// let other = thread::spawn(move || remote.stop());
/// reactor.run()?; // until the other thread says stop
/// other.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
pub struct Remote<S = ()> {
    shared: Weak<Shared>,
    state: PhantomData<fn(&mut S)>,
}

impl<S> Remote<S> {
    /// Has the reactor's run call return, waking it if it sleeps. If none is running, the next one returns at once.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the reactor is gone.
    ///
    /// # Implementation notes
    ///
    /// One `write` to an eventfd.
    pub fn stop(&self) -> io::Result<()> {
        let Some(shared) = self.shared.upgrade() else {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the reactor is gone"));
        };
        if !shared.stop.swap(true, Ordering::AcqRel) {
            shared.bell.ring()?;
        }
        Ok(())
    }
}

impl<S> Clone for Remote<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), state: PhantomData }
    }
}

impl<S> fmt::Debug for Remote<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}
