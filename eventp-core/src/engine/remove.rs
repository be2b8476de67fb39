//! A subscriber goes: by `delete`, by its handler's answer, by `take`, or with the reactor.
//!
//! In comes a key, out go the value, dropped or handed over, and the memory: to limbo, or freed at once where no batch is open and the
//! kernel has forgotten it. The memory is seen to before the value, whose destructor may panic.

use core::ptr::NonNull;
use std::io;

use super::Engine;
use crate::entry::OwnedEntry;
use crate::error::Error;
use crate::flow::Flow;
use crate::header::{Block, Header, Memory, Standing, Unit, header_of};
use crate::key::Key;
use crate::ops::Running;
use crate::todo::Todo;

/// Memory of a subscriber that left when no batch was open, and that the kernel has forgotten: I1 allows to free it when the value is gone. A
/// panic of the value's destructor frees it, too.
struct Left(Memory);

impl Left {
    fn into_memory(self) -> Memory {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        // SAFETY: I1: (a) no batch was open, and none is opened while the reactor is borrowed for the removal; (b) `release` has said that
        // the kernel has forgotten it. The value is gone: who has this drops or moves it first.
        unsafe { self.0.free() }
    }
}

impl Engine {
    /// Removes a subscriber, if the key names one; its value is dropped at once, or when its own handler has returned.
    pub(crate) fn delete(&mut self, by: Running, key: Key) -> bool {
        if self.is_in_batch() {
            return self.delete_in_batch(by, key);
        }
        let Some(block) = self.registry.remove(key) else { return false };
        match self.detach(key, block, false) {
            // SAFETY: I2: no batch is open, so no handler runs, and it has left the registry: nobody finds it any more. I1 allows to
            // free the memory (`Left`); the value is gone by then.
            Some(left) => unsafe {
                self.drop_value(block);
                self.spare.keep(left.into_memory());
            },
            None => self.drop_or_doom(false, block),
        }
        true
    }

    #[inline(never)]
    fn delete_in_batch(&mut self, by: Running, key: Key) -> bool {
        let Some(block) = self.registry.remove(key) else { return false };
        let left = self.detach(key, block, true);
        debug_assert!(left.is_none(), "a batch is open");
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

    /// [`settle`](Engine::settle), after a panic: of the handler itself, which may have deleted its subscriber, or, when that had answered, of who is
    /// told that its span ends.
    pub(crate) fn settle_interrupted(&mut self) {
        if !self.todo.has(Todo::ATTEND) {
            return;
        }
        // A panic leaves the batch at the event after that of its handler.
        let header = header_of(self.batch.events[self.batch.next - 1].u64);
        // SAFETY: I1: the batch is not over, so the header is allocated; a plain copy is read.
        let key = unsafe { (*header).key };
        self.settle(key, header);
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
            let left = self.detach(key, block, true);
            debug_assert!(left.is_none(), "a handler runs in a batch");
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
        let left = self.detach(key, block, self.is_in_batch());
        // SAFETY: a `T` (caller), which nobody finds any more.
        let value = unsafe { block.value().cast::<T>().read() };
        drop(left);
        self.tidy();
        value
    }

    /// Takes a subscriber that has left the registry out of the kernel. The value stays where it is: its memory goes into limbo, or is handed to
    /// the caller, who lets go of it after the value.
    #[must_use]
    #[inline(always)] // 20 instructions per removal (callgrind)
    fn detach(&mut self, key: Key, block: Block, in_batch: bool) -> Option<Left> {
        debug_assert_eq!(in_batch, self.is_in_batch());
        let Some(header) = block.one() else {
            self.detach_all(key, block);
            return None;
        };
        let forgotten = self.unregister(header);
        if forgotten && !in_batch {
            return Some(Left(block.memory()));
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
    pub(super) fn release(&mut self, header: *mut Header) -> bool {
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
        debug_assert_eq!(former, NonNull::new(header));
        // I1(b): with a stale header of that number around, it may be the other registration that goes.
        self.epoll.delete(fd) && !self.limbo.is_stale(fd)
    }

    /// The second half of [`release`](Engine::release): has a header that stays allocated say so. One without a registration, too, may be in the
    /// batch in hand: by a trigger.
    #[inline]
    fn retire(&mut self, header: *mut Header, forgotten: bool) {
        // SAFETY: I1: of a subscriber that is registered or just leaves, so allocated; plain fields are used.
        unsafe {
            if !(*header).standing.is_called() {
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

    /// Drops what is left and frees all memory; only [`Drop`] calls it, again if a destructor panicked.
    fn clear(&mut self) {
        self.drop_doomed();
        while let Some((_, block)) = self.pop() {
            // SAFETY: I2: no handler runs, since the reactor is being dropped (I5); nobody finds the block any more.
            unsafe { self.drop_value(block) };
        }
        // SAFETY: I1: nobody asks this epoll instance again.
        unsafe { self.limbo.free_all() };
    }

    /// Takes one subscriber out of the registry, whichever; used where all go. Its memory is freed at the end.
    fn pop(&mut self) -> Option<(Key, Block)> {
        let (key, block) = self.registry.pop()?;
        for memory in self.registry.take_units(key).into_iter().map(Unit::memory) {
            self.limbo.leave(memory);
        }
        self.limbo.leave(block.memory());
        Some((key, block))
    }

    /// Takes one subscriber's value out in a box; used where all go.
    pub(crate) fn pop_value(&mut self) -> Option<OwnedEntry> {
        let (key, block) = self.pop()?;
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
