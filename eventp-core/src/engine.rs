//! `add`, `modify`, `delete` and the rebuild: kernel, registry and limbo kept in step.
//!
//! In come blocks and keys, out go `epoll_ctl` calls. No state type and no handler appears here, so nothing is compiled once per
//! `S`. What must stay true between any two statements that can unwind: a block is either in the registry, or in limbo, or owned by
//! the function at work; and I1 holds. User code runs in two places: destructors in [`Engine::drop_value`], always *after* the block has been put into
//! limbo, so one that panics loses nothing; and `Ports::call`, behind [`find_calls`], always *before* anything is changed.

use core::ffi::c_void;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;

use crate::entry::OwnedEntry;
use crate::error::Error;
use crate::flow::Flow;
use crate::header::{Block, Calls, Header, Memory, Meta, Standing, Unit, data_of, header_of};
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::limbo::Limbo;
use crate::ops::Running;
use crate::ports::PortKey;
use crate::registry::Registry;
use crate::remote::Wake;
use crate::sys::{Epoll, NO_REPORT, Report};

/// A batch that fills the buffer doubles it up to this; larger ones gain nothing measurable.
const LARGEST_BATCH: usize = 4096;

/// A port that is to be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) port: Port,
    pub(crate) fd: RawFd,
    pub(crate) interest: Interest,
    /// What delivers its events; filled in by [`find_calls`].
    calls: Option<Calls>,
    /// The header that it gets.
    header: *mut Header,
}

impl Wanted {
    pub(crate) fn new(port: Port, fd: RawFd, interest: Interest) -> Self {
        Self { port, fd, interest, calls: None, header: core::ptr::null_mut() }
    }
}

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

/// Whether and when the epoll instance is rebuilt.
#[derive(Debug, Default)]
struct Rebuild {
    /// A ghost was reported.
    wanted: bool,
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

/// The part of the reactor that knows no state type.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Whether the loop has to look beyond the next event: there is an outcome other than keep, or a value to drop.
    pub(crate) attention: bool,
    /// Whether a stop was asked for, and whether `run_once` has heeded it.
    pub(crate) stop: bool,
    pub(crate) stop_heeded: bool,
    /// Whether something is to be freed or rebuilt when no batch is open.
    untidy: bool,
    rebuild: Rebuild,
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
    /// Room for the headers that an operation selects, and for the ports that one arms: kept, to save allocations.
    scratch: Vec<*mut Header>,
    pub(crate) wanted: Vec<Wanted>,
}

impl Engine {
    pub(crate) fn new(batch: usize, subscribers: usize) -> io::Result<Self> {
        let no_memory = |_| Error::of("create", io::ErrorKind::OutOfMemory.into());
        let mut events = Vec::new();
        events.try_reserve_exact(batch).map_err(no_memory)?;
        events.resize(batch, NO_REPORT);
        Ok(Self {
            attention: false,
            stop: false,
            stop_heeded: false,
            untidy: false,
            rebuild: Rebuild::default(),
            outcome: Ok(Flow::Keep),
            doomed: None,
            batch: Batch { events, next: 0, len: 0, open: false, serial: 0, silenced: 0 },
            epoll: Epoll::new().map_err(|e| Error::of("create", e))?,
            registry: Registry::with_capacity(subscribers).map_err(no_memory)?,
            limbo: Limbo::default(),
            wake: None,
            errors: VecDeque::new(),
            scratch: Vec::new(),
            wanted: Vec::new(),
        })
    }

    /// Registers a subscriber with one fd.
    ///
    /// # Safety
    ///
    /// `meta` is that of `T`, for the reactor that this engine is part of, and [`near`](Meta::near).
    pub(crate) unsafe fn add_one<T>(
        &mut self,
        meta: &'static Meta,
        fd: RawFd,
        interest: Interest,
        value: T,
    ) -> Result<Key, (T, Error)> {
        let found = find_calls(meta, 0).and_then(|calls| Ok((calls, self.registry.next_key()?)));
        let (calls, key) = match found {
            Ok(found) => found,
            Err(error) => return Err((value, Error::adding(fd, meta, 0, error))),
        };
        let header = Header {
            call: calls.under(interest),
            key,
            fd,
            interest,
            changed: self.batch.serial,
            index: 0,
            field: 0,
            standing: Standing::Armed,
        };
        let block = Block::new(meta, header);
        let Some(header) = block.near() else { unreachable!("one fd, one header") };
        if let Err(error) = self.register(fd, interest, header) {
            // SAFETY: I1: the kernel refused the address, and nobody else has it.
            unsafe { block.memory().free() };
            return Err((value, Error::adding(fd, meta, 0, error)));
        }
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        self.registry.insert(key, block);
        self.claim(fd, header);
        Ok(key)
    }

    /// Registers a subscriber with several fds, of which it wants these watched from the start.
    ///
    /// # Safety
    ///
    /// `meta` is that of `T`, for the reactor that this engine is part of, and not [`near`](Meta::near).
    pub(crate) unsafe fn add_several<T>(
        &mut self,
        meta: &'static Meta,
        wanted: &mut [Wanted],
        value: T,
    ) -> Result<Key, (T, Error)> {
        let found = find_all_calls(meta, wanted).and_then(|()| self.registry.next_key());
        let key = match found {
            Ok(key) => key,
            Err(error) => return Err((value, Error::adding(-1, meta, 0, error))),
        };
        let block = Block::new(meta, self.absent(key));
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        self.registry.insert(key, block);
        match self.arm_all("add", key, block, wanted) {
            Ok(()) => Ok(key),
            Err(error) => {
                self.detach(key, block);
                // SAFETY: a `T` was put there above, and nobody has had a reference to it since.
                Err((unsafe { self.take_value(block) }, error))
            }
        }
    }

    /// A header without a port.
    fn absent(&self, key: Key) -> Header {
        Header {
            call: dead,
            key,
            fd: -1,
            interest: crate::interest::interest(),
            changed: self.batch.serial.wrapping_sub(1),
            index: 0,
            field: 0,
            standing: Standing::Absent,
        }
    }

    /// Has the kernel watch all of these, or none.
    pub(crate) fn arm(
        &mut self,
        key: Key,
        block: Block,
        wanted: &mut [Wanted],
    ) -> Result<(), Error> {
        find_all_calls(block.meta(), wanted)
            .map_err(|error| Error::at("arm", key, block, error))?;
        self.arm_all("arm", key, block, wanted)
    }

    fn arm_all(
        &mut self,
        operation: &'static str,
        key: Key,
        block: Block,
        wanted: &mut [Wanted],
    ) -> Result<(), Error> {
        if let Some(again) = self.assign_headers(key, block, wanted) {
            let reason = "it is armed already; disarm it first";
            let error = io::Error::new(io::ErrorKind::AlreadyExists, reason);
            return Err(Error::wanting(operation, key, block, &wanted[again], error));
        }
        for nth in 0..wanted.len() {
            if let Err(error) = self.arm_one(&wanted[nth]) {
                for armed in &wanted[..nth] {
                    self.release(armed.header);
                }
                return Err(Error::wanting(operation, key, block, &wanted[nth], error));
            }
        }
        Ok(())
    }

    /// Copies of the headers of all ports that are watched, or would be but for their one shot.
    pub(crate) fn ports(&self, key: Key, block: Block) -> Vec<Header> {
        // SAFETY: I1: registered, so allocated; plain copies are read.
        let headers = self.registry.headers(key, block).map(|header| unsafe { *header });
        headers.filter(|header| header.standing.is_watched()).collect()
    }

    /// Gives each wanted port a header without a port, and makes what is missing; or says which of them is armed already. A header that died
    /// in this batch has to wait: its old report, if there is one, must not reach its new port.
    fn assign_headers(&mut self, key: Key, block: Block, wanted: &mut [Wanted]) -> Option<usize> {
        let batch = self.batch.open.then_some(self.batch.serial);
        let (mut assigned, mut again) = (0, None);
        self.registry.headers(key, block).for_each(|place| {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            let header = unsafe { *place };
            if header.standing.is_watched() {
                again = again.or_else(|| wanted.iter().position(|w| w.port == header.port()));
            } else if header.standing == Standing::Absent
                && batch != Some(header.changed)
                && assigned < wanted.len()
            {
                wanted[assigned].header = place;
                assigned += 1;
            }
        });
        if again.is_none() && assigned < wanted.len() {
            let unit = Unit::new(wanted.len() - assigned, self.absent(key), block);
            wanted[assigned..].iter_mut().zip(unit.headers()).for_each(|(w, h)| w.header = h);
            self.registry.extend(key, unit);
        }
        again
    }

    fn arm_one(&mut self, wanted: &Wanted) -> io::Result<()> {
        let &Wanted { port, fd, interest, calls, header } = wanted;
        let Some(calls) = calls else { unreachable!("found before") };
        self.register(fd, interest, header)?;
        // SAFETY: I1: registered subscriber, so allocated; plain fields are written. `call` is of the type's own table.
        unsafe {
            (*header).call = calls.under(interest);
            (*header).fd = fd;
            (*header).interest = interest;
            (*header).changed = self.batch.serial;
            (*header).index = port.index;
            (*header).field = port.field;
            (*header).standing = Standing::Armed;
        }
        self.claim(fd, header);
        Ok(())
    }

    /// The kernel has taken `fd` for the reactor's own use.
    pub(crate) fn claim_for_reactor(&mut self, fd: RawFd) {
        if let Some(previous) = self.registry.by_fd.release(fd) {
            self.orphan(previous);
        }
    }

    /// The kernel has taken `fd` for this header.
    fn claim(&mut self, fd: RawFd, header: *mut Header) {
        if let Some(previous) = self.registry.by_fd.claim(fd, header) {
            self.orphan(previous);
        }
    }

    fn register(&self, fd: RawFd, interest: Interest, header: *mut Header) -> io::Result<()> {
        let data = data_of(header);
        let added = self.epoll.add(fd, interest, data);
        match &added {
            // Only a dead port can have this registration, since neither a live one nor the reactor itself has the number: take it away.
            Err(error)
                if error.raw_os_error() == Some(libc::EEXIST)
                    && self.wake.as_ref().is_none_or(|wake| wake.fd() != fd)
                    && self.registry.by_fd.get(fd).is_none()
                    && self.limbo.is_stale(fd) =>
            {
                self.epoll.delete(fd)?;
                self.epoll.add(fd, interest, data)
            }
            _ => added,
        }
    }

    /// The kernel has taken this port's fd number for another file, so its own registration is stale. The subscriber stays, and
    /// gets no more events of this port. Whatever the kernel has by now is where a rebuild finds it: this may be the time for one.
    fn orphan(&mut self, header: *mut Header) {
        // SAFETY: I1: a header that had a number in the registry belongs to a registered subscriber. Only plain fields are
        // written; the value is not touched (I2).
        let fd = unsafe {
            self.silence(header);
            (*header).standing = Standing::Orphaned;
            (*header).fd
        };
        self.limbo.mark_stale(fd);
        self.untidy = true;
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

    /// The watched ports that are meant; of a subscriber with one fd always that one.
    fn select(
        &self,
        operation: &'static str,
        ports: PortKey,
        selected: &mut Vec<*mut Header>,
    ) -> Result<Block, Error> {
        let PortKey { key, only } = ports;
        let block = self.find(operation, key)?;
        if only.is_some_and(|only| !only.is_of((block.meta().struct_id)())) {
            return Err(Error::unknown(operation, key));
        }
        selected.clear();
        if let Some(header) = block.near() {
            selected.push(header);
            return Ok(block);
        }
        let refused =
            |kind, reason| Err(Error::at(operation, key, block, io::Error::new(kind, reason)));
        let Some(only) = only else {
            let reason = "it has several fds; say which: `key.port(Type::FIELD)`";
            return refused(io::ErrorKind::InvalidInput, reason);
        };
        self.registry.headers(key, block).for_each(|place| {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            let header = unsafe { *place };
            if header.standing.is_watched() && only.has(header.port()) {
                selected.push(place);
            }
        });
        if selected.is_empty() {
            return refused(
                io::ErrorKind::NotFound,
                "none of these ports is armed; arm them first",
            );
        }
        Ok(block)
    }

    /// The interest in force, of the first port that is meant.
    pub(crate) fn interest(&self, ports: PortKey) -> Result<Interest, Error> {
        let mut selected = Vec::new();
        self.select("interest", ports, &mut selected)?;
        // SAFETY: I1: registered, so allocated; a plain copy is read.
        Ok(unsafe { (*selected[0]).interest })
    }

    /// Changes the interest of ports, those of the running subscriber included: it is in the header, so no value is touched (I2).
    pub(crate) fn modify(&mut self, ports: PortKey, interest: Interest) -> Result<(), Error> {
        if ports.only.is_none() {
            let block = self.find("modify", ports.key)?;
            if let Some(header) = block.near() {
                return self.modify_one(block, header, interest);
            }
        }
        let mut selected = Vec::new();
        let block = self.select("modify", ports, &mut selected)?;
        // SAFETY: I1: registered, so allocated; plain copies are read.
        let before: Vec<Header> = selected.iter().map(|&header| unsafe { *header }).collect();
        for (header, before) in selected.iter().zip(&before) {
            check_exclusive(before.interest, interest)
                .map_err(|error| Error::at_port("modify", block, *header, error))?;
        }
        for (nth, &header) in selected.iter().enumerate() {
            if let Err(error) = self.modify_one(block, header, interest) {
                for (&modified, before) in selected[..nth].iter().zip(&before) {
                    self.restore(modified, before);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes back a `modify` of a port; one that has fired stays silent.
    fn restore(&mut self, header: *mut Header, before: &Header) {
        let interest = match before.standing {
            Standing::Fired => crate::interest::interest().oneshot(),
            _ => before.interest,
        };
        // It has just been modified, so the kernel knows it; what it still refuses stays as it is.
        if self.epoll.modify(before.fd, interest, data_of(header)).is_ok() {
            // SAFETY: I1: registered, so allocated; plain fields are written.
            unsafe {
                (*header).interest = before.interest;
                (*header).call = before.call;
                (*header).standing = before.standing;
            }
        }
    }

    fn modify_one(
        &mut self,
        block: Block,
        header: *mut Header,
        interest: Interest,
    ) -> Result<(), Error> {
        // SAFETY: I1: the subscriber is registered, so its headers are allocated; a plain copy is read.
        let Header { interest: current, fd, standing, field, .. } = unsafe { *header };
        let calls = check_exclusive(current, interest)
            .and_then(|()| find_calls(block.meta(), field))
            .map_err(|error| Error::at_port("modify", block, header, error))?;
        let changed = match standing {
            Standing::Armed if interest == current && !interest.is_oneshot() => return Ok(()),
            Standing::Armed | Standing::Fired => self.epoll.modify(fd, interest, data_of(header)),
            Standing::Orphaned | Standing::Absent => {
                Err(io::Error::from_raw_os_error(libc::ENOENT))
            }
        };
        changed.map_err(|error| Error::at_port("modify", block, header, error))?;
        // SAFETY: as above; plain fields are written. `call` is of the type's own table.
        unsafe {
            (*header).interest = interest;
            (*header).call = calls.under(interest);
            (*header).standing = Standing::Armed;
            (*header).changed = self.batch.serial;
        }
        Ok(())
    }

    /// Has the kernel watch these ports no longer.
    pub(crate) fn disarm(&mut self, ports: PortKey) -> Result<(), Error> {
        let mut selected = core::mem::take(&mut self.scratch);
        let block = self.select("disarm", ports, &mut selected)?;
        if block.meta().near {
            let reason = "it has one fd; delete the subscriber instead";
            let error = io::Error::new(io::ErrorKind::InvalidInput, reason);
            return Err(Error::at("disarm", ports.key, block, error));
        }
        for &header in &selected {
            self.release(header);
        }
        self.scratch = selected;
        self.tidy();
        Ok(())
    }

    /// Removes a subscriber; its value is dropped at once, or when its own handler has returned.
    pub(crate) fn delete(&mut self, by: Running, key: Key) -> Result<(), Error> {
        let block = self.find("delete", key)?;
        self.detach(key, block);
        if by.is(key) {
            self.doom(block);
        } else {
            // SAFETY: I2: it is not the running one, and it has left the registry, so nobody finds it any more.
            unsafe { self.drop_value(block) };
            self.tidy();
        }
        Ok(())
    }

    pub(crate) fn ask_to_stop(&mut self) {
        self.stop = true;
        self.stop_heeded = false;
    }

    /// After a handler that left something to do: carries out its answer, and drops the subscriber if it is to go.
    ///
    /// `header` is that of the port whose handler it was; the batch is not over, so (I1) it is allocated.
    pub(crate) fn settle(&mut self, key: Key, header: *mut Header) {
        match core::mem::replace(&mut self.outcome, Ok(Flow::Keep)) {
            Ok(Flow::Keep) => {}
            Ok(Flow::Stop) => self.ask_to_stop(),
            Ok(Flow::Remove) => self.remove_answered(key, header, None),
            Err(error) => self.remove_answered(key, header, Some(error)),
        }
        self.attention = false;
        self.drop_doomed();
    }

    /// Removes the subscriber whose handler has answered so, unless it has deleted itself already.
    fn remove_answered(&mut self, key: Key, header: *mut Header, error: Option<io::Error>) {
        let deleted = self.doomed;
        let Some(block) = deleted.or_else(|| self.registry.find(key)) else { return };
        // The error is queued first: it is not lost if the destructor panics.
        self.errors.extend(error.map(|error| Error::at_port("handle", block, header, error)));
        if deleted.is_none() {
            self.detach(key, block);
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

    /// Drops the value of a block that is in limbo. The one place where a destructor of the user's runs.
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
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        let Batch { events, next, len, open, .. } = &self.batch;
        // SAFETY: I1: what the open batch has still to deliver is allocated; plain copies are read.
        let is_ours = |report: &Report| unsafe {
            let header = header_of(report.u64);
            (*header).key == key && (*header).standing.is_watched()
        };
        *open && events[*next..*len].iter().any(is_ours)
    }

    /// Takes a subscriber out of kernel and registry and puts its memory into limbo. The value stays where it is.
    pub(crate) fn detach(&mut self, key: Key, block: Block) {
        if let Some(header) = block.near() {
            let forgotten = self.release(header);
            self.registry.remove(key);
            return self.bury(block.memory(), forgotten);
        }
        let mut headers = core::mem::take(&mut self.scratch);
        headers.clear();
        headers.extend(self.registry.headers(key, block));
        let mut forgotten = true;
        for &header in &headers {
            forgotten &= self.release(header);
        }
        self.scratch = headers;
        let units = self.registry.take_units(key);
        self.registry.remove(key);
        for memory in units.into_iter().map(Unit::memory).chain([block.memory()]) {
            self.bury(memory, forgotten);
        }
    }

    fn bury(&mut self, memory: Memory, forgotten: bool) {
        self.untidy = true;
        if forgotten {
            self.limbo.leave(memory);
        } else {
            self.limbo.park(memory);
        }
    }

    /// Takes a port out of the kernel, and its fd number out of the registry. Says whether the kernel has forgotten it for sure.
    fn release(&mut self, header: *mut Header) -> bool {
        // SAFETY: I1: of a registered subscriber, so allocated; plain copies are read.
        let (fd, standing) = unsafe { ((*header).fd, (*header).standing) };
        let forgotten = match standing {
            Standing::Absent => return true,
            Standing::Orphaned => return false,
            // I1(b): with a stale header of that number around, it may be the other registration that went.
            Standing::Armed | Standing::Fired => {
                self.epoll.delete(fd).is_ok() && !self.limbo.is_stale(fd)
            }
        };
        // Whoever is armed has its number: who loses it is orphaned.
        let former = self.registry.by_fd.release(fd);
        debug_assert_eq!(former, Some(header));
        if !forgotten {
            self.limbo.mark_stale(fd);
            self.untidy = true;
        }
        // SAFETY: as above; plain fields are written.
        unsafe {
            self.silence(header);
            (*header).standing = if forgotten { Standing::Absent } else { Standing::Orphaned };
        }
        forgotten
    }

    /// Between batches: frees what waited for the end of the last one, and rebuilds where that is due.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if self.untidy && !self.batch.open && self.doomed.is_none() {
            self.tidy_up();
        }
    }

    #[inline(never)]
    fn tidy_up(&mut self) {
        self.untidy = false;
        // SAFETY: no batch is open, so (I1a) nobody will look at these headers; their values are dropped, moved out, or being
        // dropped by an unwinding that does not touch the memory afterwards.
        unsafe { self.limbo.free_leaving() };
        if self.rebuild.wanted || self.limbo.is_full(self.registry.len()) {
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
        let serial = self.batch.serial;
        // Whatever comes of it, the next `tidy` looks again.
        self.untidy = true;
        if self.rebuild.is_paused(serial) {
            return;
        }
        match self.rebuild() {
            Ok(()) => self.rebuild = Rebuild::default(),
            Err(error) => {
                if self.rebuild.failed(serial) {
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
            Standing::Orphaned | Standing::Absent => return Ok(()),
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
                if self.epoll.delete(fd).is_err() {
                    self.limbo.mark_stale(fd);
                }
                Err(io::Error::from_raw_os_error(libc::EBADF))
            }
        }
    }

    /// The fd of this port was closed behind the reactor's back, so the new instance could not take it.
    fn lose(&mut self, block: Block, header: *mut Header, error: io::Error) {
        self.errors.push_back(Error::at_port("rebuild", block, header, error));
        // SAFETY: I1: registered, so allocated; plain fields are used.
        let fd = unsafe {
            self.silence(header);
            (*header).standing = Standing::Absent;
            (*header).fd
        };
        let former = self.registry.by_fd.release(fd);
        debug_assert_eq!(former, Some(header));
    }

    /// Drops what is left and frees all memory; only [`Drop`] calls it, again if a destructor panicked.
    fn clear(&mut self) {
        self.drop_doomed();
        while let Some(block) = self.pop() {
            // SAFETY: I2: no handler runs, since the reactor is being dropped (I5); nobody finds the block any more.
            unsafe { self.drop_value(block) };
        }
        // SAFETY: I1: nobody asks this epoll instance again.
        unsafe { self.limbo.free_all() };
    }

    /// Takes one subscriber out of the registry, whichever; used where all go. Its memory is freed at the end.
    fn pop(&mut self) -> Option<Block> {
        let (key, block) = self.registry.pop()?;
        for memory in self.registry.take_units(key).into_iter().map(Unit::memory) {
            self.limbo.leave(memory);
        }
        self.limbo.leave(block.memory());
        Some(block)
    }

    /// Takes one subscriber's value out in a box; used where all go.
    pub(crate) fn pop_value(&mut self) -> Option<OwnedEntry> {
        let (key, _) = self.registry.blocks().last()?;
        let block = self.pop()?;
        // SAFETY: I2: no handler runs (the reactor is owned by the caller of `into_subscribers`, I5), and nobody finds the block any more.
        let value = unsafe { (block.meta().into_any)(block.value()) };
        Some(OwnedEntry::new(key, block, value))
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

/// What delivers the events of a field. User code, where there are several: nothing may be half done when it is asked (I4).
fn find_calls(meta: &Meta, field: u8) -> io::Result<Calls> {
    let reason = "the subscriber has no such field";
    (meta.calls)(field).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, reason))
}

fn find_all_calls(meta: &Meta, wanted: &mut [Wanted]) -> io::Result<()> {
    for wanted in wanted {
        wanted.calls = Some(find_calls(meta, wanted.port.field)?);
    }
    Ok(())
}

fn check_exclusive(current: Interest, wanted: Interest) -> io::Result<()> {
    if !current.is_exclusive() && !wanted.is_exclusive() {
        return Ok(());
    }
    let rule = "an exclusive registration cannot be modified, nor one made exclusive (`epoll_ctl(2)`); delete it and add it again";
    Err(io::Error::new(io::ErrorKind::InvalidInput, rule))
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
pub(crate) unsafe fn dead(header: *mut Header, _events: u32, reactor: *mut c_void) {
    let engine = reactor.cast::<Engine>();
    // SAFETY: I1: the header is allocated. The engine is the first field of every reactor (`repr(C)`), and between two handlers nobody
    // else refers to it; plain fields are used.
    unsafe {
        (*engine).batch.silenced += 1;
        if (*header).changed != (*engine).batch.serial {
            (*engine).rebuild.wanted = true;
            (*engine).untidy = true;
        }
    }
}
