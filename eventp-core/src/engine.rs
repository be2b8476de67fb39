//! `add`, `modify`, `delete` and the rebuild: kernel, registry and limbo kept in step.
//!
//! In come blocks and keys, out go `epoll_ctl` calls. No state type and no handler appears here, so nothing is compiled once per
//! `S`. What must stay true between any two statements that can unwind: a block is either in the registry, or in limbo, or owned by
//! the function at work; and I1 holds. User code runs in one place only ([`Engine::drop_value`]), always *after* the block
//! has been put into limbo, so a destructor that panics loses nothing.

use core::ffi::c_void;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;

use crate::error::Error;
use crate::flow::Flow;
use crate::header::{Block, Header, Meta, Standing};
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::limbo::{self, Limbo};
use crate::ops::Running;
use crate::registry::Registry;
use crate::remote::Wake;
use crate::sys::{Epoll, NO_REPORT, Report};

/// A batch that fills the buffer doubles it up to this; larger ones gain nothing measurable.
const LARGEST_BATCH: usize = 4096;

/// What one `epoll_wait` returned, and how far it has been delivered.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Report>,
    pub(crate) next: usize,
    pub(crate) len: usize,
    /// From the wait until all is delivered and the dead are buried, a panic in between included.
    pub(crate) open: bool,
    pub(crate) serial: u32,
    /// Reports of this batch that reached no handler.
    pub(crate) silenced: usize,
}

/// The part of the reactor that knows no state type.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Whether the loop has to look beyond the next event: there is an outcome other than keep, or a value to drop.
    pub(crate) attention: bool,
    pub(crate) stop: bool,
    rebuild_wanted: bool,
    rebuild_failure_told: bool,
    limbo_full: usize,
    /// What the handler that ran last answered.
    pub(crate) outcome: io::Result<Flow>,
    /// The running subscriber, deleted: its value is dropped when the handler has returned.
    doomed: Option<Block>,
    pub(crate) batch: Batch,
    pub(crate) epoll: Epoll,
    pub(crate) registry: Registry,
    limbo: Limbo,
    pub(crate) wake: Option<Wake>,
    pub(crate) errors: VecDeque<Error>,
}

impl Engine {
    pub(crate) fn new(batch: usize, subscribers: usize) -> io::Result<Self> {
        Ok(Self {
            attention: false,
            stop: false,
            rebuild_wanted: false,
            rebuild_failure_told: false,
            limbo_full: limbo::FULL,
            outcome: Ok(Flow::Keep),
            doomed: None,
            batch: Batch {
                events: vec![NO_REPORT; batch],
                next: 0,
                len: 0,
                open: false,
                serial: 0,
                silenced: 0,
            },
            epoll: Epoll::new().map_err(|e| Error::of("create", e))?,
            registry: Registry::with_capacity(subscribers),
            limbo: Limbo::default(),
            wake: None,
            errors: VecDeque::new(),
        })
    }

    /// Registers a value under the fd and the interest that it was asked for.
    ///
    /// # Safety
    ///
    /// `meta` is that of `T`, with functions for the reactor that this engine is part of.
    pub(crate) unsafe fn add<T>(
        &mut self,
        meta: &'static Meta,
        fd: RawFd,
        interest: Interest,
        value: T,
    ) -> Result<Key, (T, Error)> {
        let refused = |error| Error::adding(fd, (meta.type_name)(), error);
        let key = match self.registry.next_key() {
            Ok(key) => key,
            Err(error) => return Err((value, refused(error))),
        };
        let header = Header {
            call: meta.call_for(interest),
            key,
            fd,
            interest,
            port: Port(0),
            standing: Standing::Armed,
            changed: 0,
        };
        let block = Block::new(meta, header);
        if let Err(error) = self.register(fd, interest, block.data()) {
            // SAFETY: I1: the kernel refused the address, and nobody else has it.
            unsafe { block.free() };
            return Err((value, refused(error)));
        }
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        if let Some(previous) = self.registry.insert(key, block, fd) {
            self.orphan(previous);
        }
        Ok(key)
    }

    fn register(&self, fd: RawFd, interest: Interest, data: u64) -> io::Result<()> {
        let added = self.epoll.add(fd, interest, data);
        match &added {
            // Only a dead port can have this registration, since no live one has the number: take it away.
            Err(error)
                if error.raw_os_error() == Some(libc::EEXIST)
                    && !self.registry.has_fd(fd)
                    && self.limbo.is_stale(fd) =>
            {
                self.epoll.delete(fd)?;
                self.epoll.add(fd, interest, data)
            }
            _ => added,
        }
    }

    /// The kernel has taken this port's fd number for another file, so its own registration is stale. The subscriber stays, and
    /// gets no more events of this port.
    fn orphan(&mut self, header: *mut Header) {
        // SAFETY: I1: a header that had a number in the registry belongs to a registered subscriber. Only plain fields are
        // written; the value is not touched (I2).
        let fd = unsafe {
            self.silence(header);
            if (*header).standing == Standing::Silent {
                (*header).standing = Standing::Lost;
                return;
            }
            (*header).standing = Standing::Orphaned;
            (*header).fd
        };
        self.limbo.mark_stale(fd);
        self.tidy();
    }

    /// Has reports of this header reach nobody from now on.
    ///
    /// # Safety
    ///
    /// `header` is allocated.
    unsafe fn silence(&self, header: *mut Header) {
        // SAFETY: allocated (caller); plain fields are written.
        unsafe {
            (*header).call = dead;
            (*header).changed = self.batch.serial;
        }
    }

    pub(crate) fn find(&self, operation: &'static str, key: Key) -> Result<Block, Error> {
        self.registry.find(key).ok_or_else(|| Error::unknown(operation, key))
    }

    /// Changes the interest of a subscriber, the running one included: it is in the header, so no value is touched (I2).
    pub(crate) fn modify(&mut self, key: Key, interest: Interest) -> Result<(), Error> {
        let block = self.find("modify", key)?;
        let header = block.header();
        // SAFETY: I1: the subscriber is registered, so its header is allocated; plain copies are read.
        let (current, fd, standing) =
            unsafe { ((*header).interest, (*header).fd, (*header).standing) };
        if current.is_exclusive() || interest.is_exclusive() {
            let rule = "an exclusive registration cannot be modified, nor one made exclusive (`epoll_ctl(2)`); delete it and add it again";
            let error = io::Error::new(io::ErrorKind::InvalidInput, rule);
            return Err(Error::at("modify", block, error));
        }
        let changed = match standing {
            Standing::Armed if interest == current && !interest.is_oneshot() => return Ok(()),
            Standing::Armed | Standing::Fired => self.epoll.modify(fd, interest, block.data()),
            Standing::Silent => self.epoll.add(fd, interest, block.data()),
            Standing::Orphaned | Standing::Lost => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        };
        changed.map_err(|error| Error::at("modify", block, error))?;
        // SAFETY: as above; plain fields are written. `call` is replaced by one of the same type's table.
        unsafe {
            (*header).interest = interest;
            (*header).call = block.meta().call_for(interest);
            (*header).standing = Standing::Armed;
            (*header).changed = self.batch.serial;
        }
        Ok(())
    }

    /// Removes a subscriber; its value is dropped at once, or when its own handler has returned.
    pub(crate) fn delete(&mut self, by: Running, key: Key) -> Result<(), Error> {
        let block = self.find("delete", key)?;
        self.detach(block);
        if by.is(block.header()) {
            self.doom(block);
        } else {
            // SAFETY: I2: it is not the running one, and it has left the registry, so nobody finds it any more.
            unsafe { self.drop_value(block) };
            self.tidy();
        }
        Ok(())
    }

    /// After a handler that left something to do: carries out its answer, and drops the subscriber if it is to go.
    pub(crate) fn settle(&mut self, key: Key) {
        match core::mem::replace(&mut self.outcome, Ok(Flow::Keep)) {
            Ok(Flow::Keep) => {}
            Ok(Flow::Stop) => self.stop = true,
            Ok(Flow::Remove) => self.remove_answered(key, None),
            Err(error) => self.remove_answered(key, Some(error)),
        }
        self.attention = false;
        self.drop_doomed();
    }

    /// Removes the subscriber whose handler has answered so, unless it has deleted itself already.
    fn remove_answered(&mut self, key: Key, error: Option<io::Error>) {
        let deleted = self.doomed;
        let Some(block) = deleted.or_else(|| self.registry.find(key)) else { return };
        // The error is queued first: it is not lost if the destructor panics.
        self.errors.extend(error.map(|error| Error::at("handle", block, error)));
        if deleted.is_none() {
            self.detach(block);
            self.doom(block);
        }
    }

    fn doom(&mut self, block: Block) {
        debug_assert!(self.doomed.is_none(), "one handler runs at a time");
        self.doomed = Some(block);
        self.attention = true;
    }

    /// Drops the value of the subscriber that was deleted while its handler ran. The handler has returned or unwound.
    pub(crate) fn drop_doomed(&mut self) {
        if let Some(block) = self.doomed.take() {
            // SAFETY: I2: no handler runs (caller), and it has left the registry.
            unsafe { self.drop_value(block) };
        }
    }

    /// Drops the value of a block that is in limbo. The one place where user code runs.
    ///
    /// # Safety
    ///
    /// The value is live, no reference to it exists, and nobody finds it any more.
    unsafe fn drop_value(&mut self, block: Block) {
        // SAFETY: the caller's promise. If the destructor panics, the block is in limbo already.
        unsafe { (block.meta().drop)(block.value()) }
    }

    /// Moves the value out of a block that has been [`detach`](Engine::detach)ed.
    ///
    /// # Safety
    ///
    /// The value is a live `T`, no reference to it exists, and it is not used through the block afterwards.
    pub(crate) unsafe fn take_value<T>(&mut self, block: Block) -> T {
        // SAFETY: the caller's promise.
        let value = unsafe { block.value().cast::<T>().read() };
        self.tidy();
        value
    }

    /// Whether an event of this subscriber is still to be delivered from an open batch.
    pub(crate) fn is_pending(&self, block: Block) -> bool {
        let Batch { events, next, len, open, .. } = &self.batch;
        *open && events[*next..*len].iter().any(|report| ({ report.u64 }) == block.data())
    }

    /// Takes a subscriber out of kernel and registry and puts its block into limbo. The value stays where it is.
    pub(crate) fn detach(&mut self, block: Block) {
        let header = block.header();
        // SAFETY: I1: the subscriber is registered, so its header is allocated; plain copies are read.
        let (key, fd, standing) = unsafe { ((*header).key, (*header).fd, (*header).standing) };
        self.registry.remove(key, header, fd);
        // SAFETY: as above.
        unsafe { self.silence(header) };
        let forgotten = match standing {
            Standing::Silent | Standing::Lost => true,
            Standing::Orphaned => false,
            Standing::Armed | Standing::Fired => {
                // I1(b): with a stale header of that number around, it may be the other registration that went.
                let forgotten = self.epoll.delete(fd).is_ok() && !self.limbo.is_stale(fd);
                if !forgotten {
                    self.limbo.mark_stale(fd);
                }
                forgotten
            }
        };
        if forgotten {
            self.limbo.leave(block);
        } else {
            self.limbo.park(block);
        }
    }

    /// Between batches: frees what waited for the end of the last one, and rebuilds where that is due.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if self.batch.open || self.doomed.is_some() {
            return;
        }
        // SAFETY: no batch is open, so (I1a) nobody will look at these headers; their values are dropped, moved out, or being
        // dropped by an unwinding that does not touch the memory afterwards.
        unsafe { self.limbo.free_leaving() };
        if self.rebuild_wanted || self.limbo.stale() >= self.limbo_full.max(self.registry.len()) {
            self.rebuild_or_tell();
        }
    }

    /// Ends the batch in hand.
    #[inline]
    pub(crate) fn finish_batch(&mut self) {
        self.batch.open = false;
        if self.batch.len == self.batch.events.len() && self.batch.len < LARGEST_BATCH {
            self.grow();
        }
        self.tidy();
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

    #[cold]
    #[inline(never)]
    fn rebuild_or_tell(&mut self) {
        self.rebuild_wanted = false;
        match self.rebuild() {
            Ok(()) => {
                self.limbo_full = limbo::FULL;
                self.rebuild_failure_told = false;
            }
            Err(error) => {
                self.limbo_full = self.limbo.stale().max(limbo::FULL) * 2;
                if !core::mem::replace(&mut self.rebuild_failure_told, true) {
                    self.errors.push_back(error);
                }
            }
        }
    }

    /// Replaces the epoll instance by one that has the live ports only, and frees limbo. On an error nothing has changed.
    fn rebuild(&mut self) -> Result<(), Error> {
        debug_assert!(!self.batch.open && self.doomed.is_none());
        let epoll = Epoll::new().map_err(|error| Error::of("rebuild", error))?;
        let mut closed = Vec::new();
        for block in self.registry.blocks() {
            match register_again(&epoll, block) {
                Ok(()) => {}
                Err(error) if is_unwatchable(&error) => closed.push((block, error)),
                Err(error) => return Err(Error::at("rebuild", block, error)),
            }
        }
        if let Some(wake) = &self.wake {
            wake.register(&epoll).map_err(|error| Error::of("rebuild", error))?;
        }
        self.epoll = epoll;
        for block in self.registry.blocks() {
            // SAFETY: I1: registered, so allocated; a plain field is written.
            unsafe {
                let standing = &raw mut (*block.header()).standing;
                *standing = match *standing {
                    Standing::Armed => Standing::Armed,
                    Standing::Fired | Standing::Silent => Standing::Silent,
                    Standing::Orphaned | Standing::Lost => Standing::Lost,
                };
            }
        }
        for (block, error) in closed {
            self.lose(block, error);
        }
        // SAFETY: I1: no batch is open, and the assignment above has closed the instance these were registered in.
        unsafe { self.limbo.free_all() };
        Ok(())
    }

    /// The fd of this port was closed behind the reactor's back, so the new instance could not take it.
    fn lose(&mut self, block: Block, error: io::Error) {
        self.errors.push_back(Error::at("rebuild", block, error));
        let header = block.header();
        // SAFETY: I1: registered, so allocated; plain fields are used.
        let fd = unsafe {
            self.silence(header);
            (*header).standing = Standing::Lost;
            (*header).fd
        };
        self.registry.forget_fd(header, fd);
    }

    /// Drops what is left and frees all memory; only [`Drop`] calls it, again if a destructor panicked.
    fn clear(&mut self) {
        self.drop_doomed();
        while let Some(block) = self.registry.pop() {
            self.limbo.leave(block);
            // SAFETY: I2: no handler runs, since the reactor is being dropped (I5); nobody finds the block any more.
            unsafe { self.drop_value(block) };
        }
        // SAFETY: I1: nobody asks this epoll instance again.
        unsafe { self.limbo.free_all() };
    }

    /// Takes one subscriber's value out in a box; used where all go.
    pub(crate) fn pop(&mut self) -> Option<(Block, Box<dyn core::any::Any>)> {
        let block = self.registry.pop()?;
        // SAFETY: I2: no handler runs (the reactor is owned by the caller of `into_subscribers`, I5), and nobody finds the block any
        // more. The header is freed by `clear`.
        let value = unsafe { (block.meta().into_any)(block.value()) };
        self.limbo.leave(block);
        Some((block, value))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        /// Goes on where a destructor panicked; a second panic aborts, as everywhere in Rust.
        struct Rest<'a>(&'a mut Engine);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.clear();
            }
        }
        let rest = Rest(self);
        rest.0.clear();
    }
}

fn register_again(epoll: &Epoll, block: Block) -> io::Result<()> {
    let header = block.header();
    // SAFETY: I1: registered, so allocated; plain copies are read.
    let (fd, interest, standing) =
        unsafe { ((*header).fd, (*header).interest, (*header).standing) };
    match standing {
        Standing::Armed => epoll.add(fd, interest, block.data()),
        // A fired one-shot port has to stay silent, errors and hang-ups included, which no `ADD` gives. `modify` adds it.
        Standing::Fired | Standing::Silent | Standing::Orphaned | Standing::Lost => Ok(()),
    }
}

/// Whether an `ADD` was refused because the number no longer names anything to watch, rather than for want of resources.
fn is_unwatchable(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EBADF | libc::EPERM | libc::EINVAL | libc::ELOOP))
}

/// The `call` of a dead port.
///
/// # Safety
///
/// As for every [`Call`](crate::header::Call): `header` is what the kernel reported, `reactor` the reactor that is dispatching.
unsafe fn dead(header: *mut Header, _events: u32, reactor: *mut c_void) {
    let engine = reactor.cast::<Engine>();
    // SAFETY: I1: the header is allocated. The engine is the first field of every reactor (`repr(C)`), and between two handlers nobody
    // else refers to it; plain fields are used.
    unsafe {
        (*engine).batch.silenced += 1;
        if (*header).changed != (*engine).batch.serial {
            (*engine).rebuild_wanted = true;
        }
    }
}
