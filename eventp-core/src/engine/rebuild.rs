//! Between batches: memory is freed, and the epoll instance replaced where it has registrations that no fd number leads to any more.
//!
//! In come the live ports, out goes an instance that has them and nothing else; then all of limbo is freed (I1b). If it cannot be made, the
//! old one stays in use, and the next tries are spaced out.

use core::ptr::NonNull;
use std::io;

use super::Engine;
use crate::error::Error;
use crate::header::{Block, Header, Standing, data_of};
use crate::sys::Epoll;
use crate::todo::Todo;

/// Whether and when the epoll instance is rebuilt.
#[derive(Debug, Default)]
pub(super) struct Rebuild {
    /// A ghost was reported.
    pub(super) wanted: bool,
    /// How many batches to let pass before the next try: none, or more after each failure.
    pause: u32,
    /// The batch that the pause began with.
    since: u32,
    /// The last try failed, and that was told.
    failing: bool,
}

impl Rebuild {
    /// So many batches at most are between two tries.
    const LONGEST_PAUSE: u32 = 1024;

    fn is_paused(&self, serial: u32) -> bool {
        serial.wrapping_sub(self.since) < self.pause
    }

    /// Says whether this failure is the first in a row.
    fn failed(&mut self, serial: u32) -> bool {
        self.pause = (self.pause * 2).clamp(1, Self::LONGEST_PAUSE);
        self.since = serial;
        !core::mem::replace(&mut self.failing, true)
    }
}

impl Engine {
    /// Between batches: frees what waited for the end of the last one, and rebuilds where that is due.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if self.todo.has(Todo::TIDY) && !self.is_in_batch() && self.doomed.is_none() {
            self.tidy_up();
        }
    }

    #[inline(never)]
    fn tidy_up(&mut self) {
        self.todo.clear(Todo::TIDY);
        // SAFETY: no batch is open, so (I1a) nobody will look at these headers; their values are dropped, moved out, or being
        // dropped by an unwinding that does not touch the memory afterwards.
        unsafe { self.limbo.free_leaving(&mut self.spare) };
        if self.rebuild.wanted || self.limbo.is_full(self.registry.len()) {
            self.rebuild_or_tell();
        }
    }

    #[cold]
    #[inline(never)]
    fn rebuild_or_tell(&mut self) {
        let serial = self.batch.serial;
        // Whatever comes of it, the next `tidy` looks again.
        self.todo.set(Todo::TIDY);
        if self.rebuild.is_paused(serial) {
            return;
        }
        match self.rebuild() {
            Ok(()) => self.rebuild = Rebuild::default(),
            Err(error) => {
                if self.rebuild.failed(serial) {
                    self.tell_later(error);
                }
            }
        }
    }

    /// Replaces the epoll instance by one that has the live ports only, and frees limbo. On an error nothing has changed.
    fn rebuild(&mut self) -> Result<(), Error> {
        debug_assert!(!self.is_in_batch() && self.doomed.is_none());
        let epoll = Epoll::new().map_err(|error| Error::of("rebuild", error))?;
        let mut closed = Vec::new();
        let all: Vec<_> = (self.registry.blocks())
            .flat_map(|(key, block)| self.registry.headers(key, block).map(move |h| (block, h)))
            .collect();
        for &(block, header) in &all {
            match self.register_again(&epoll, header) {
                Ok(()) => {}
                Err(error) if is_unwatchable(&error) => closed.push((block, header, error)),
                Err(error) => return Err(Error::at_port("rebuild", block, header, error)),
            }
        }
        if let Some(wake) = &self.wake {
            wake.register(&epoll).map_err(|error| Error::of("rebuild", error))?;
        }
        if let Some(outer) = &self.outer {
            outer.watch(&epoll).map_err(|error| Error::of("rebuild", error))?;
            // Closing it would do, but for a forked process that has it too.
            outer.unwatch(&self.epoll);
        }
        self.epoll = epoll;
        for (_, header) in all {
            // SAFETY: I1: registered, so allocated; a plain field is written.
            unsafe {
                if (*header).standing == Standing::Orphaned {
                    (*header).standing = Standing::Absent;
                }
            }
        }
        for (block, header, error) in closed {
            self.lose(block, header, error);
        }
        // If a port had its number, that is not registered in the new instance, or else this one could not have been.
        if let Some(wake) = &self.wake {
            self.registry.by_fd.claim(wake.fd(), wake.header());
        }
        // SAFETY: I1: no batch is open, and the assignment above has closed the instance these were registered in.
        unsafe { self.limbo.free_all() };
        Ok(())
    }

    /// Registers a port in a new instance as it is in the old one.
    fn register_again(&mut self, epoll: &Epoll, header: *mut Header) -> io::Result<()> {
        // SAFETY: I1: registered, so allocated; plain copies are read.
        let Header { fd, interest, standing, .. } = unsafe { *header };
        let interest = match standing {
            Standing::Armed => interest,
            // Nothing but error and hang-up, which cannot be declined, and of these one: `call` swallows it.
            Standing::Fired => crate::interest::interest().oneshot(),
            Standing::Orphaned | Standing::Absent | Standing::Notified => return Ok(()),
        };
        // The number may name another file by now. The old instance knows: it refuses what it has with EEXIST, before all other errors
        // that the number itself does not cause.
        match self.epoll.add(fd, interest, data_of(header)) {
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {
                epoll.add(fd, interest, data_of(header))
            }
            Err(error) if is_unwatchable(&error) => Err(error),
            added => {
                added?;
                // Its reports, if any, would be of a file that is not this port's. Only another thread can make the removal fail.
                if !self.epoll.delete(fd) {
                    self.limbo.mark_stale(fd);
                }
                Err(io::Error::from_raw_os_error(libc::EBADF))
            }
        }
    }

    /// The fd of this port was closed behind the reactor's back, so the new instance could not take it.
    fn lose(&mut self, block: Block, header: *mut Header, error: io::Error) {
        self.tell_later(Error::at_port("rebuild", block, header, error));
        // SAFETY: I1: registered, so allocated; plain fields are used.
        let fd = unsafe {
            self.silence(header);
            (*header).standing = Standing::Absent;
            (*header).fd
        };
        let former = self.registry.by_fd.release(fd);
        debug_assert_eq!(former, NonNull::new(header));
    }
}

/// Whether an `ADD` was refused because the number no longer names anything to watch, rather than for want of resources.
fn is_unwatchable(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EBADF | libc::EPERM | libc::EINVAL | libc::ELOOP))
}
