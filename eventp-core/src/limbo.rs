//! Dead memory whose address the kernel may still hold.
//!
//! In comes the memory of a subscriber that has gone; it is freed only when I1 allows: what *leaves* is out of the kernel for sure
//! and waits for the end of the batch; what is *parked* may still be reported, and waits until its epoll instance has
//! been closed (`engine/rebuild.rs`).
//!
//! A header is *stale* when the kernel may have a registration of it that its fd number does not lead to. epoll keys by number and
//! open file, so with a stale header around, a successful `EPOLL_CTL_DEL` of the same number says nothing about which of
//! the registrations it removed. Hence the counts by number.

use std::os::fd::RawFd;

use rustc_hash::FxHashMap;

use crate::header::{Memory, Spare};

/// So many stale headers, and as many as there are live subscribers, are kept before the epoll instance is rebuilt to be rid of them:
/// the rebuild costs a system call per live port, so this is one per removal at most.
const FULL: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Limbo {
    leaving: Vec<Memory>,
    parked: Vec<Memory>,
    stale: FxHashMap<RawFd, u32>,
    stale_total: usize,
}

impl Limbo {
    /// Takes memory whose headers the kernel has forgotten.
    pub(crate) fn leave(&mut self, memory: Memory) {
        self.leaving.push(memory);
    }

    /// Takes memory with a header that the kernel may still report, and that is [`mark_stale`](Limbo::mark_stale)d.
    pub(crate) fn park(&mut self, memory: Memory) {
        self.parked.push(memory);
    }

    /// There is one more stale header with this fd number.
    pub(crate) fn mark_stale(&mut self, fd: RawFd) {
        *self.stale.entry(fd).or_default() += 1;
        self.stale_total += 1;
    }

    /// Whether a stale header carries this fd number.
    #[inline]
    pub(crate) fn is_stale(&self, fd: RawFd) -> bool {
        self.stale_total != 0 && self.is_counted(fd)
    }

    #[cold]
    #[inline(never)]
    fn is_counted(&self, fd: RawFd) -> bool {
        self.stale.contains_key(&fd)
    }

    /// Whether it is time for a rebuild, with so many live subscribers.
    pub(crate) fn is_full(&self, live: usize) -> bool {
        self.stale_total >= live.max(FULL)
    }

    /// Frees what only waited for the end of the batch, except that the last is kept as a spare.
    ///
    /// # Safety
    ///
    /// No batch is open, and no pointer into it is used afterwards; values in it are gone.
    #[inline]
    pub(crate) unsafe fn free_leaving(&mut self, spare: &mut Spare) {
        for memory in self.leaving.drain(..) {
            // SAFETY: I1: the batch is over (caller), and `leave` took only what the kernel has forgotten.
            unsafe { spare.keep(memory) }
        }
    }

    /// Frees everything.
    ///
    /// # Safety
    ///
    /// As for [`free_leaving`](Limbo::free_leaving); and the epoll instance that the headers were registered in is closed, or will
    /// not be asked again.
    pub(crate) unsafe fn free_all(&mut self) {
        for memory in self.leaving.drain(..).chain(self.parked.drain(..)) {
            // SAFETY: I1: the batch is over and the instance is gone (caller).
            unsafe { memory.free() }
        }
        self.stale.clear();
        self.stale_total = 0;
    }
}
