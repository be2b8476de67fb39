//! Options of a new reactor.

use std::io;

use super::Eventp;
use crate::engine::Engine;
use crate::error::Error;

/// Options of a new reactor; made by [`Eventp::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is made yet; go on with `.build()`"]
pub struct Builder<S = ()> {
    capacity: usize,
    subscribers: usize,
    state: core::marker::PhantomData<fn(&mut S)>,
}

impl<S> Builder<S> {
    pub(super) fn new() -> Self {
        Self { capacity: 64, subscribers: 0, state: core::marker::PhantomData }
    }

    /// How many events one `epoll_wait` can return at first (64 unless told). A batch that fills the buffer doubles it, up to 4096.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events;
        self
    }

    /// For how many subscribers to make room in advance (none unless told).
    pub fn subscribers(mut self, subscribers: usize) -> Self {
        self.subscribers = subscribers;
        self
    }

    /// Makes the reactor.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the capacity is zero; `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`);
    /// `OutOfMemory` if there is no memory for so much (or `ENOMEM`).
    ///
    /// # Implementation notes
    ///
    /// One `epoll_create1` with `EPOLL_CLOEXEC`.
    pub fn build(self) -> io::Result<Eventp<S>> {
        if self.capacity == 0 {
            let rule = "the capacity is 0 events, which `epoll_wait(2)` refuses; give at least 1";
            return Err(
                Error::of("create", io::Error::new(io::ErrorKind::InvalidInput, rule)).into()
            );
        }
        let engine = Engine::new(self.capacity, self.subscribers)?;
        Ok(Eventp {
            engine,
            state: core::ptr::null_mut(),
            hook: None,
            before_sleep: None,
            inbox: None,
            jobs: Vec::new(),
        })
    }
}
