//! A subscriber comes: it gets a block and a key, and the kernel its first ports.
//!
//! In comes a value with the table of its type, out goes its key; or the value again with the error, and then nothing has changed. The kernel
//! decides whether an fd number is free: if it takes one that a live port has, that port's registration is stale, and it is orphaned.

use std::io;
use std::os::fd::RawFd;

use super::arm::{find_all_calls, find_calls};
use super::{Engine, Wanted, dead};
use crate::error::Error;
use crate::header::{Block, Header, Meta, Standing, data_of};
use crate::interest::Interest;
use crate::key::Key;
use crate::ports::Ports;
use crate::todo::Todo;

impl Engine {
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
        let (key, block) = match self.watch_one(meta, fd, interest) {
            Ok(watched) => watched,
            Err(error) => return Err((value, Error::adding(fd, meta, 0, error))),
        };
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        self.registry.insert(key, block);
        self.claim(fd, block.first());
        Ok(key)
    }

    /// Makes a block for a subscriber with one fd, and has the kernel watch that. There is no value in it yet.
    #[inline(always)] // where the table is a constant: 51 of 313 instructions per add and delete (callgrind)
    fn watch_one(
        &mut self,
        meta: &'static Meta,
        fd: RawFd,
        interest: Interest,
    ) -> io::Result<(Key, Block)> {
        let calls = find_calls(meta, 0)?;
        let key = self.registry.next_key()?;
        let block = Block::near(self.spare.allocate(meta.layout), meta, || Header {
            call: calls.under(interest),
            key,
            fd,
            interest,
            changed: self.batch.serial,
            index: 0,
            field: 0,
            standing: Standing::Armed,
        });
        if let Err(error) = self.register(fd, interest, block.first()) {
            // SAFETY: I1: the kernel refused the address, and nobody else has it.
            unsafe { block.memory().free() };
            return Err(error);
        }
        Ok((key, block))
    }

    /// Registers a subscriber without an fd, under the key that is the [next](crate::registry::Registry::next_key).
    ///
    /// # Safety
    ///
    /// As for [`add_one`](Engine::add_one).
    pub(crate) unsafe fn add_notified<T: Ports>(
        &mut self,
        meta: &'static Meta,
        key: Key,
        value: T,
    ) -> io::Result<()> {
        let calls = find_calls(meta, 0)?;
        let standing = Standing::Notified;
        let block = Block::new(meta, Header { call: calls.always, standing, ..self.absent(key) });
        // SAFETY: `meta` is that of `T` (caller), and the block is new.
        unsafe { block.fill(value) };
        self.registry.insert(key, block);
        Ok(())
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
    pub(super) fn absent(&self, key: Key) -> Header {
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

    /// The kernel has taken `fd` for this header.
    #[inline]
    pub(crate) fn claim(&mut self, fd: RawFd, header: *mut Header) {
        if let Some(previous) = self.registry.by_fd.claim(fd, header) {
            self.orphan(previous.as_ptr());
        }
    }

    #[inline]
    pub(super) fn register(
        &self,
        fd: RawFd,
        interest: Interest,
        header: *mut Header,
    ) -> io::Result<()> {
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
        // SAFETY: I1: a header that had a number in the registry belongs to a registered subscriber, or is that of the reactor's own eventfd, which
        // goes on. Only plain fields are written; the value is not touched (I2).
        let fd = unsafe {
            if self.wake.as_ref().is_none_or(|wake| wake.header() != header) {
                self.silence(header);
                (*header).standing = Standing::Orphaned;
            }
            (*header).fd
        };
        self.limbo.mark_stale(fd);
        self.todo.set(Todo::TIDY);
        self.tidy();
    }
}
