//! `add`, `modify`, `delete` and the rebuild: kernel, registry and limbo kept in step.
//!
//! In come blocks and keys, out go `epoll_ctl` calls. No state type and no handler appears here, so nothing is compiled once per
//! `S`. What must stay true between any two statements that can unwind: a block is either in the registry, or in limbo, or owned by
//! the function at work; and I1 holds. User code runs in two places: destructors in [`Engine::drop_value`], always *after* the block has been put into
//! limbo, so one that panics loses nothing; and `Ports::call`, behind [`find_calls`], always *before* anything is changed.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

use crate::entry::OwnedEntry;
use crate::error::Error;
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Block, Calls, Header, Memory, Meta, Standing, Unit, data_of, header_of};
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::limbo::Limbo;
use crate::ops::Running;
use crate::ports::{PortKey, Ports};
use crate::registry::Registry;
use crate::remote::notifier::Alert;
use crate::remote::wake::Wake;
use crate::sys::{Epoll, NO_REPORT, Report, Waited, milliseconds};
use crate::todo::Todo;

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

/// Memory of a subscriber that left when no batch was open, and that the kernel has forgotten. Freed at the end of its scope, a panic of the
/// value's destructor included.
struct Spare(Memory);

impl Drop for Spare {
    fn drop(&mut self) {
        // SAFETY: I1: (a) no batch was open, and none is opened while the reactor is borrowed for the removal; (b) `release` has said that
        // the kernel has forgotten it. The value is gone: who has this drops or moves it first.
        unsafe { self.0.free() }
    }
}

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

/// A port that is to be called though its fd is not ready.
#[derive(Clone, Copy, Debug)]
struct Triggered {
    key: Key,
    port: Port,
    event: Event,
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
    pub(crate) todo: Todo,
    /// Whether `run_once` has heeded the stop that was asked for.
    pub(crate) stop_heeded: bool,
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
    /// An epoll instance that watches ours, for who nests this reactor.
    outer: Option<Epoll>,
    /// Who is to be called without an event, and the batch that was opened for that last.
    triggered: VecDeque<Triggered>,
    last_triggered: Option<u32>,
    pub(crate) errors: VecDeque<Error>,
    /// Room for the headers that an operation selects, and for the ports that one arms: kept, to save allocations.
    scratch: Vec<*mut Header>,
    pub(crate) wanted: Vec<Wanted>,
    /// Room for who has been notified.
    pub(crate) alerts: Vec<Arc<Alert>>,
    #[cfg(any(debug_assertions, feature = "spin-detector"))]
    spin: crate::spin::Spin,
}

impl Engine {
    pub(crate) fn new(batch: usize, subscribers: usize) -> io::Result<Self> {
        let no_memory = |_| Error::of("create", io::ErrorKind::OutOfMemory.into());
        let mut events = Vec::new();
        events.try_reserve_exact(batch).map_err(no_memory)?;
        events.resize(batch.min(Epoll::LARGEST_BUFFER), NO_REPORT);
        Ok(Self {
            todo: Todo::NOTHING,
            stop_heeded: false,
            rebuild: Rebuild::default(),
            outcome: Ok(Flow::Keep),
            doomed: None,
            batch: Batch { events, next: 0, len: 0, serial: 0, silenced: 0, closures: 0 },
            epoll: Epoll::new().map_err(|e| Error::of("create", e))?,
            registry: Registry::with_capacity(subscribers).map_err(no_memory)?,
            limbo: Limbo::default(),
            wake: None,
            outer: None,
            triggered: VecDeque::new(),
            last_triggered: None,
            errors: VecDeque::new(),
            scratch: Vec::new(),
            wanted: Vec::new(),
            alerts: Vec::new(),
            #[cfg(any(debug_assertions, feature = "spin-detector"))]
            spin: Default::default(),
        })
    }

    /// Registers a subscriber with one fd.
    ///
    /// # Safety
    ///
    /// `meta` is that of `T`, for the reactor that this engine is part of, and [`near`](Meta::near).
    pub(crate) unsafe fn add_one<T: Ports>(
        &mut self,
        meta: &'static Meta,
        fd: RawFd,
        interest: Interest,
        value: T,
    ) -> Result<Key, (T, Error)> {
        let header = match self.watch_one(meta, fd, interest) {
            Ok(header) => header,
            Err(error) => return Err((value, Error::adding(fd, meta, 0, error))),
        };
        let block = Block::starting_with(header, meta);
        // SAFETY: `meta` is that of `T` (caller), and the block is new. I1: it is allocated; a plain copy is read.
        let key = unsafe {
            block.fill(value);
            (*header.as_ptr()).key
        };
        self.registry.insert(key, block);
        self.claim(fd, header.as_ptr());
        Ok(key)
    }

    /// Makes a block for a subscriber with one fd, and has the kernel watch that. Answers with the header, at its start.
    #[inline(always)] // where the table is a constant: 51 of 313 instructions per add and delete (callgrind)
    fn watch_one(
        &mut self,
        meta: &'static Meta,
        fd: RawFd,
        interest: Interest,
    ) -> io::Result<NonNull<Header>> {
        let calls = find_calls(meta, 0)?;
        let key = self.registry.next_key()?;
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
        let header = block.first();
        if let Err(error) = self.register(fd, interest, header.as_ptr()) {
            // SAFETY: I1: the kernel refused the address, and nobody else has it.
            unsafe { block.memory().free() };
            return Err(error);
        }
        Ok(header)
    }

    /// Registers a subscriber without an fd.
    ///
    /// # Safety
    ///
    /// As for [`add_one`](Engine::add_one).
    pub(crate) unsafe fn add_notified<T: Ports>(
        &mut self,
        meta: &'static Meta,
        value: T,
    ) -> io::Result<Key> {
        let calls = find_calls(meta, 0)?;
        let key = self.registry.next_key()?;
        let standing = Standing::Notified;
        let block = Block::new(meta, Header { call: calls.always, standing, ..self.absent(key) });
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        self.registry.insert(key, block);
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
                // SAFETY: a `T` was put there above, and nobody has had a reference to it since.
                Err((unsafe { self.take_value(key, block) }, error))
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
        let batch = self.is_in_batch().then_some(self.batch.serial);
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
    #[inline]
    fn claim(&mut self, fd: RawFd, header: *mut Header) {
        if let Some(previous) = self.registry.by_fd.claim(fd, header) {
            self.orphan(previous);
        }
    }

    #[inline]
    fn register(&self, fd: RawFd, interest: Interest, header: *mut Header) -> io::Result<()> {
        match self.epoll.add(fd, interest, data_of(header)) {
            Ok(()) => Ok(()),
            Err(error) => self.register_refused(fd, interest, header, error),
        }
    }

    /// The kernel has refused an `ADD`; perhaps only because of a dead port.
    #[cold]
    #[inline(never)]
    fn register_refused(
        &self,
        fd: RawFd,
        interest: Interest,
        header: *mut Header,
        error: io::Error,
    ) -> io::Result<()> {
        // Only a dead port can have this registration, since neither a live one nor the reactor itself has the number: take it away.
        let is_of_the_dead = error.raw_os_error() == Some(libc::EEXIST)
            && self.wake.as_ref().is_none_or(|wake| wake.fd() != fd)
            && self.registry.by_fd.get(fd).is_none()
            && self.limbo.is_stale(fd);
        if !is_of_the_dead || !self.epoll.delete(fd) {
            return Err(error);
        }
        self.epoll.add(fd, interest, data_of(header))
    }

    /// The kernel has taken this port's fd number for another file, so its own registration is stale. The subscriber stays, and
    /// gets no more events of this port. Whatever the kernel has by now is where a rebuild finds it: this may be the time for one.
    #[cold]
    #[inline(never)]
    fn orphan(&mut self, header: *mut Header) {
        // SAFETY: I1: a header that had a number in the registry belongs to a registered subscriber. Only plain fields are
        // written; the value is not touched (I2).
        let fd = unsafe {
            self.silence(header);
            (*header).standing = Standing::Orphaned;
            (*header).fd
        };
        self.limbo.mark_stale(fd);
        self.todo.set(Todo::TIDY);
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
            Standing::Notified => {
                let reason = "it has no fd; it is called when its notifier says so";
                Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
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
        if block.meta().near.is_some() {
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

    /// Removes a subscriber, if the key names one; its value is dropped at once, or when its own handler has returned.
    pub(crate) fn delete(&mut self, by: Running, key: Key) -> bool {
        if self.is_in_batch() {
            return self.delete_in_batch(by, key);
        }
        let Some(block) = self.registry.remove(key) else { return false };
        match self.detach(key, block) {
            // SAFETY: I2: no batch is open, so no handler runs, and it has left the registry: nobody finds it any more.
            Some(_spare) => unsafe { self.drop_value(block) },
            None => self.drop_or_doom(false, block),
        }
        true
    }

    #[inline(never)]
    fn delete_in_batch(&mut self, by: Running, key: Key) -> bool {
        let Some(block) = self.registry.remove(key) else { return false };
        let spare = self.detach(key, block);
        debug_assert!(spare.is_none(), "a batch is open");
        self.drop_or_doom(by.is(key), block);
        true
    }

    /// Drops the value of a subscriber that is in limbo; its own handler's return comes first.
    #[inline(never)]
    fn drop_or_doom(&mut self, is_own: bool, block: Block) {
        if is_own {
            return self.doom(block);
        }
        // SAFETY: I2: it is not the running one, and it has left the registry, so nobody finds it any more.
        unsafe { self.drop_value(block) };
        self.tidy();
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

    pub(crate) fn ask_to_stop(&mut self) {
        self.todo.set(Todo::STOP);
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
        self.todo.clear(Todo::ATTEND);
        self.drop_doomed();
    }

    /// Removes the subscriber whose handler has answered so, unless it has deleted itself already.
    fn remove_answered(&mut self, key: Key, header: *mut Header, error: Option<io::Error>) {
        let registered = self.registry.remove(key);
        let Some(block) = registered.or(self.doomed) else { return };
        // The error is queued first: it is not lost if the destructor panics.
        if let Some(error) = error {
            self.tell_later(Error::at_port("handle", block, header, error));
        }
        if registered.is_some() {
            let spare = self.detach(key, block);
            debug_assert!(spare.is_none(), "a handler runs in a batch");
            self.doom(block);
        }
    }

    fn doom(&mut self, block: Block) {
        debug_assert!(self.doomed.is_none(), "one handler runs at a time");
        self.doomed = Some(block);
        self.todo.set(Todo::ATTEND);
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

    /// Removes a subscriber and moves its value out.
    ///
    /// # Safety
    ///
    /// It is registered under this key, its value is a live `T`, and no reference to it exists.
    pub(crate) unsafe fn take_value<T>(&mut self, key: Key, block: Block) -> T {
        self.registry.remove(key);
        let spare = self.detach(key, block);
        // SAFETY: a `T` (caller), which nobody finds any more.
        let value = unsafe { block.value().cast::<T>().read() };
        drop(spare);
        self.tidy();
        value
    }

    /// Whether an event of this subscriber is still to be delivered from an open batch.
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        let Batch { events, next, len, .. } = &self.batch;
        // SAFETY: I1: what the open batch has still to deliver is allocated; plain copies are read.
        let is_ours = |report: &Report| unsafe {
            let header = header_of(report.u64);
            (*header).key == key && (*header).standing.is_watched()
        };
        self.is_in_batch() && events[*next..*len].iter().any(is_ours)
    }

    /// Takes a subscriber that has left the registry out of the kernel. The value stays where it is: its memory goes into limbo, or is handed to
    /// the caller, who lets go of it after the value.
    #[must_use]
    #[inline(always)] // 20 instructions per removal (callgrind)
    fn detach(&mut self, key: Key, block: Block) -> Option<Spare> {
        let Some(header) = block.near() else {
            self.detach_all(key, block);
            return None;
        };
        let in_batch = self.is_in_batch();
        let forgotten = self.unregister(header);
        if forgotten && !in_batch {
            return Some(Spare(block.memory()));
        }
        self.lay_to_rest(header, block, forgotten);
        None
    }

    /// Puts a subscriber with one fd into limbo.
    #[inline(never)]
    fn lay_to_rest(&mut self, header: *mut Header, block: Block, forgotten: bool) {
        self.retire(header, forgotten);
        self.bury(block.memory(), forgotten);
    }

    /// [`detach`](Engine::detach) of a subscriber with several fds.
    fn detach_all(&mut self, key: Key, block: Block) {
        let mut headers = core::mem::take(&mut self.scratch);
        headers.clear();
        headers.extend(self.registry.headers(key, block));
        let mut forgotten = true;
        for &header in &headers {
            forgotten &= self.release(header);
        }
        self.scratch = headers;
        let units = self.registry.take_units(key);
        for memory in units.into_iter().map(Unit::memory).chain([block.memory()]) {
            self.bury(memory, forgotten);
        }
    }

    fn bury(&mut self, memory: Memory, forgotten: bool) {
        self.todo.set(Todo::TIDY);
        if forgotten {
            self.limbo.leave(memory);
        } else {
            self.limbo.park(memory);
        }
    }

    /// Takes a port out of the kernel, and its fd number out of the registry. Says whether the kernel has forgotten it for sure.
    fn release(&mut self, header: *mut Header) -> bool {
        let forgotten = self.unregister(header);
        self.retire(header, forgotten);
        forgotten
    }

    /// The first half of [`release`](Engine::release).
    #[inline(always)]
    fn unregister(&mut self, header: *mut Header) -> bool {
        // SAFETY: I1: of a registered subscriber, so allocated; plain copies are read.
        let (fd, standing) = unsafe { ((*header).fd, (*header).standing) };
        if !standing.is_watched() {
            return standing != Standing::Orphaned;
        }
        // Whoever is armed has its number: who loses it is orphaned.
        let former = self.registry.by_fd.release(fd);
        debug_assert_eq!(former, Some(header));
        // I1(b): with a stale header of that number around, it may be the other registration that goes.
        let is_alone = !self.limbo.is_stale(fd);
        self.epoll.delete(fd) && is_alone
    }

    /// The second half of [`release`](Engine::release): has a header that stays allocated say so.
    #[inline]
    fn retire(&mut self, header: *mut Header, forgotten: bool) {
        // SAFETY: I1: of a subscriber that is registered or just leaves, so allocated; plain fields are used.
        unsafe {
            if !(*header).standing.is_watched() {
                return;
            }
            self.silence(header);
            (*header).standing = if forgotten { Standing::Absent } else { Standing::Orphaned };
            if !forgotten {
                self.limbo.mark_stale((*header).fd);
                self.todo.set(Todo::TIDY);
            }
        }
    }

    /// Between batches: frees what waited for the end of the last one, and rebuilds where that is due.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if self.todo.has(Todo::TIDY) && !self.is_in_batch() && self.doomed.is_none() {
            self.tidy_up();
        }
    }

    /// Whether a batch is open. What happens then may concern headers that are still to be looked at.
    pub(crate) fn is_in_batch(&self) -> bool {
        self.todo.has(Todo::BATCH)
    }

    /// Keeps an error for the hook, or for the run call to return.
    pub(crate) fn tell_later(&mut self, error: Error) {
        self.errors.push_back(error);
        self.todo.set(Todo::TELL);
        self.call_attention();
    }

    #[inline(never)]
    fn tidy_up(&mut self) {
        self.todo.clear(Todo::TIDY);
        // SAFETY: no batch is open, so (I1a) nobody will look at these headers; their values are dropped, moved out, or being
        // dropped by an unwinding that does not touch the memory afterwards.
        unsafe { self.limbo.free_leaving() };
        if self.rebuild.wanted || self.limbo.is_full(self.registry.len()) {
            self.rebuild_or_tell();
        }
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
                Waited::Failed => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(Error::of("wait", error).into());
                    }
                }
            }
        }
    }

    /// Has these ports called on the next turn, as if they had been reported.
    pub(crate) fn trigger(&mut self, ports: PortKey, event: Event) -> Result<(), Error> {
        let mut selected = Vec::new();
        let block = self.select("trigger", ports, &mut selected)?;
        for &header in &selected {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            if unsafe { !(*header).standing.can_be_triggered() } {
                let reason =
                    "it is not armed, or has fired its one shot; `modify` or `arm` it first";
                let error = io::Error::new(io::ErrorKind::InvalidInput, reason);
                return Err(Error::at_port("trigger", block, header, error));
            }
        }
        for header in selected {
            // SAFETY: as above.
            self.trigger_later(ports.key, unsafe { (*header).port() }, event);
        }
        Ok(())
    }

    pub(crate) fn trigger_later(&mut self, key: Key, port: Port, event: Event) {
        self.triggered.push_back(Triggered { key, port, event });
        self.todo.set(Todo::TRIGGER);
        self.call_attention();
    }

    /// Opens a batch of those that are triggered, if there are any; says how many events it has. Every other turn it opens none, so that who
    /// triggers without end does not keep fds waiting.
    pub(crate) fn open_triggered_batch(&mut self) -> usize {
        debug_assert!(!self.is_in_batch());
        if self.last_triggered.take() == Some(self.batch.serial) {
            return 0;
        }
        let mut len = 0;
        while len < self.batch.events.len() {
            let Some(Triggered { key, port, event }) = self.triggered.pop_front() else {
                self.todo.clear(Todo::TRIGGER);
                break;
            };
            if let Some(header) = self.find_to_trigger(key, port) {
                self.batch.events[len] = Report { events: event.bits(), u64: data_of(header) };
                len += 1;
            }
        }
        if len > 0 {
            self.open_batch();
            self.last_triggered = Some(self.batch.serial);
        }
        len
    }

    /// The header of a triggered port, if it is still there and armed.
    fn find_to_trigger(&self, key: Key, port: Port) -> Option<*mut Header> {
        let block = self.registry.find(key)?;
        self.registry.headers(key, block).find(|&header| {
            // SAFETY: I1: registered, so allocated; plain copies are read.
            let Header { standing, index, field, .. } = unsafe { *header };
            standing.can_be_triggered() && Port { field, index } == port
        })
    }

    #[inline(always)]
    fn open_batch(&mut self) {
        self.batch.serial = self.batch.serial.wrapping_add(1);
        self.todo.set(Todo::BATCH);
    }

    /// An epoll instance that says no more than that there is something to do here.
    pub(crate) fn outer(&mut self) -> io::Result<&Epoll> {
        if self.outer.is_none() {
            let outer = Epoll::new()?;
            outer.watch(&self.epoll)?;
            self.outer = Some(outer);
        }
        Ok(self.outer.as_ref().expect("set above"))
    }

    /// There is something to do that the kernel does not know of: has who nests this reactor find it ready.
    fn call_attention(&self) {
        if let (Some(_), Some(wake)) = (&self.outer, &self.wake) {
            // Whatever is wrong with the eventfd, the outer loop's next call of `run_once` comes to it.
            _ = wake.bell.ring();
        }
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

    /// Has the spin detector look at the batch in hand, unless it is of triggers. A batch that was interrupted is not looked at again.
    #[cfg(any(debug_assertions, feature = "spin-detector"))]
    pub(crate) fn watch_for_spin(&mut self, next: usize, len: usize) {
        if next == 0 && self.last_triggered != Some(self.batch.serial) {
            self.spin.before(&self.batch.events[..len]);
        }
    }

    /// The batch has been delivered: who spins?
    #[cfg(any(debug_assertions, feature = "spin-detector"))]
    pub(crate) fn find_spin(&mut self) -> Vec<Error> {
        let mut found = Vec::new();
        for (key, header) in self.spin.after() {
            let Some(block) = self.registry.find(key) else { continue };
            let reason = "it was reported in 1,000 turns in a row, and its handler changes nothing about that; have it read or write until `WouldBlock`, remove the subscriber, or watch the fd edge-triggered";
            let error = io::Error::new(io::ErrorKind::ResourceBusy, reason);
            found.push(Error::at_port("spin", block, header_of(header), error));
        }
        found
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
#[inline]
fn find_calls(meta: &Meta, field: u8) -> io::Result<Calls> {
    let found = match meta.near {
        Some(calls) => Some(calls),
        None => (meta.calls)(field),
    };
    let reason = "the subscriber has no such field";
    found.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, reason))
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
        (*engine).silence_report();
        if (*header).changed != (*engine).batch.serial {
            (*engine).rebuild.wanted = true;
            (*engine).todo.set(Todo::TIDY);
        }
    }
}
