//! A batch, from the wait to its end.
//!
//! In comes what one `epoll_wait` returned, out goes how many handlers were called. While it is open, headers that die stay allocated, whatever
//! the kernel has forgotten (I1a). One that a panic interrupts stays open until a later run call has finished it.

use core::ffi::c_void;
use std::collections::TryReserveError;
use std::io;
use std::time::Instant;

use super::Engine;
use crate::error::Error;
use crate::header::{Header, header_of};
use crate::key::Key;
use crate::sys::{Epoll, NO_REPORT, Report, Waited, milliseconds};
use crate::todo::Todo;

/// A batch that fills the buffer doubles it up to this; larger ones gain nothing measurable.
const LARGEST_BATCH: usize = 4096;

/// What one `epoll_wait` returned, and how far it has been delivered.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Report>,
    /// Where a panic has interrupted it, and how long it is. Of no meaning in other batches: there the loop keeps it.
    pub(crate) next: usize,
    pub(crate) len: usize,
    pub(crate) serial: u32,
    /// Reports of this batch that reached no handler, and closures of remotes that ran, where [`Todo::COUNT`] is set.
    silenced: usize,
    closures: usize,
}

impl Batch {
    pub(super) fn with_room_for(reports: usize) -> Result<Self, TryReserveError> {
        let mut events = Vec::new();
        events.try_reserve_exact(reports)?;
        events.resize(reports.min(Epoll::LARGEST_BUFFER), NO_REPORT);
        Ok(Self { events, next: 0, len: 0, serial: 0, silenced: 0, closures: 0 })
    }
}

impl Engine {
    /// Whether a batch is open. What happens then may concern headers that are still to be looked at.
    pub(crate) fn is_in_batch(&self) -> bool {
        self.todo.has(Todo::BATCH)
    }

    /// A report of the batch in hand reached no handler.
    pub(crate) fn silence_report(&mut self) {
        self.batch.silenced += 1;
        self.todo.set(Todo::COUNT);
    }

    /// A closure of a remote ran in the batch in hand.
    pub(crate) fn count_closure(&mut self) {
        self.batch.closures += 1;
        self.todo.set(Todo::COUNT);
    }

    /// Whether an event of this subscriber is still to be delivered from an open batch.
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        let Batch { events, next, len, .. } = &self.batch;
        // SAFETY: I1: what the open batch has still to deliver is allocated; plain copies are read.
        let is_ours = |report: &Report| unsafe {
            let header = header_of(report.u64);
            (*header).key == key && (*header).standing.is_called()
        };
        self.is_in_batch() && events[*next..*len].iter().any(is_ours)
    }

    /// Waits for so long at most (-1: for ever), and opens a batch if something happens.
    #[inline(always)]
    pub(crate) fn wait(&mut self, milliseconds: i32) -> Waited {
        let waited = self.epoll.wait(&mut self.batch.events, milliseconds);
        if let Waited::Filled(_) = waited {
            self.open_batch();
        }
        waited
    }

    /// Waits until something happens or the time has passed, whatever interrupts it, and says how many events there are. Without a deadline:
    /// for ever.
    #[inline(never)]
    pub(crate) fn wait_until(&mut self, deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match self.wait(left.map_or(-1, milliseconds)) {
                Waited::Filled(len) => return Ok(len),
                Waited::Nothing if left.is_none_or(|left| left.is_zero()) => return Ok(0),
                Waited::Nothing => {}
                Waited::Failed(errno) => check_interrupted(errno)?,
            }
        }
    }

    #[inline(always)]
    pub(super) fn open_batch(&mut self) {
        self.batch.serial = self.batch.serial.wrapping_add(1);
        self.todo.set(Todo::BATCH);
    }

    /// Where the batch was interrupted, and its length: once, since afterwards the loop keeps that.
    pub(crate) fn resume_batch(&mut self) -> (usize, usize) {
        (core::mem::take(&mut self.batch.next), core::mem::take(&mut self.batch.len))
    }

    /// A panic has interrupted the batch in hand, of this length: what is left waits for the next run call.
    #[cold]
    #[inline(never)]
    pub(crate) fn interrupt_batch(&mut self, next: usize, len: usize) {
        (self.batch.next, self.batch.len) = (next, len);
        self.todo.clear(Todo::COUNT);
        (self.batch.silenced, self.batch.closures) = (0, 0);
        self.call_attention();
    }

    /// Ends the batch in hand, delivered from `next` to `len`, and says how many handlers were called.
    pub(crate) fn finish_batch(&mut self, next: usize, len: usize) -> usize {
        self.todo.clear(Todo::BATCH);
        let mut handled = len - next;
        if self.todo.take(Todo::COUNT) {
            handled -= core::mem::take(&mut self.batch.silenced);
            handled += core::mem::take(&mut self.batch.closures);
        }
        if len == self.batch.events.len() && len < LARGEST_BATCH {
            self.grow();
        }
        self.tidy();
        handled
    }

    /// Doubles the buffer; keeps the old one where there is no memory for that.
    #[cold]
    fn grow(&mut self) {
        let events = &mut self.batch.events;
        let size = events.len();
        if events.try_reserve_exact(size).is_ok() {
            events.resize(size * 2, NO_REPORT);
        }
    }
}

/// The error of a wait that has failed, unless it was but interrupted.
#[cold]
pub(crate) fn check_interrupted(errno: i32) -> io::Result<()> {
    match errno {
        libc::EINTR => Ok(()),
        _ => Err(Error::of("wait", io::Error::from_raw_os_error(errno)).into()),
    }
}

/// The `call` of a dead port.
///
/// # Safety
///
/// As for every [`Call`](crate::header::Call): `header` is what the kernel reported, `reactor` the reactor that is dispatching.
pub(crate) unsafe fn dead(header: *mut Header, _events: u32, reactor: *mut c_void) {
    let engine = reactor.cast::<Engine>();
    // SAFETY: I1: the header is allocated. The engine is the first field of every reactor (`repr(C)`), and between two handlers nobody
    // else refers to it; plain fields are used.
    unsafe {
        (*engine).silence_report();
        if (*header).changed != (*engine).batch.serial {
            (*engine).rebuild.wanted = true;
            (*engine).todo.set(Todo::TIDY);
        }
    }
}
