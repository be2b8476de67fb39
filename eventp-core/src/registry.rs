//! Who is registered: keys to subscribers. Fd numbers to ports are in `fd_table.rs`.
//!
//! In comes a block whose registration the kernel has taken; out goes its key. A slot's generation grows with each tenant, and a
//! slot whose generations are used up is retired, so a stale key can never name a successor. Keys of different reactors are
//! kept apart by starting their generations at different numbers; where that fails, types are still checked
//! (`Block::holds`), so memory is safe whatever key is shown.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::TryReserveError;
use std::io;

use rustc_hash::FxHashMap;

use crate::fd_table::FdTable;
use crate::header::{Block, Header, Unit};
use crate::key::Key;

const NO_SLOT: u32 = u32::MAX;

#[derive(Debug)]
struct Slot {
    generation: u32,
    next_free: u32,
    block: Option<Block>,
}

/// The generation that a reactor's keys start with: each reactor's is another.
pub(crate) fn first_generation() -> u32 {
    static REACTORS: AtomicU32 = AtomicU32::new(0);
    REACTORS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9)
}

/// The registered subscribers and their ports.
#[derive(Debug)]
pub(crate) struct Registry {
    slots: Vec<Slot>,
    free: u32,
    first_generation: u32,
    live: usize,
    pub(crate) by_fd: FdTable,
    /// The further headers of subscribers, by slot.
    units: FxHashMap<u32, Vec<Unit>>,
}

impl Registry {
    pub(crate) fn with_capacity(subscribers: usize) -> Result<Self, TryReserveError> {
        let mut registry = Self {
            slots: Vec::new(),
            free: NO_SLOT,
            first_generation: first_generation(),
            live: 0,
            by_fd: FdTable::default(),
            units: FxHashMap::default(),
        };
        registry.slots.try_reserve(subscribers)?;
        Ok(registry)
    }

    /// The key that the next subscriber gets.
    ///
    /// # Errors
    ///
    /// `OutOfMemory` after 2^32 - 1 slots.
    #[inline]
    pub(crate) fn next_key(&mut self) -> io::Result<Key> {
        match self.slots.get(self.free as usize) {
            Some(slot) => Ok(Key { slot: self.free, generation: slot.generation }),
            None => self.new_slot(),
        }
    }

    #[cold]
    fn new_slot(&mut self) -> io::Result<Key> {
        let slot = u32::try_from(self.slots.len()).unwrap_or(NO_SLOT);
        if slot == NO_SLOT {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let generation = self.first_generation;
        self.slots.push(Slot { generation, next_free: NO_SLOT, block: None });
        self.free = slot;
        Ok(Key { slot, generation })
    }

    /// Registers a block under the key that [`next_key`](Registry::next_key) promised.
    #[inline]
    pub(crate) fn insert(&mut self, key: Key, block: Block) {
        let slot = &mut self.slots[key.slot as usize];
        self.free = slot.next_free;
        slot.block = Some(block);
        self.live += 1;
    }

    /// The subscriber of that name.
    pub(crate) fn find(&self, key: Key) -> Option<Block> {
        let slot = self.slots.get(key.slot as usize)?;
        if slot.generation == key.generation { slot.block } else { None }
    }

    /// Takes the subscriber of that name out, and ends the name: from here on it is stale.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<Block> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let block = slot.block.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        if slot.generation != self.first_generation {
            slot.next_free = self.free;
            self.free = key.slot;
        }
        self.live -= 1;
        Some(block)
    }

    /// Has the subscriber have more headers.
    pub(crate) fn extend(&mut self, key: Key, unit: Unit) {
        self.units.entry(key.slot).or_default().push(unit);
    }

    /// Takes the subscriber's further headers away.
    pub(crate) fn take_units(&mut self, key: Key) -> Vec<Unit> {
        self.units.remove(&key.slot).unwrap_or_default()
    }

    /// All headers of a registered subscriber.
    pub(crate) fn headers(&self, key: Key, block: Block) -> impl Iterator<Item = *mut Header> + '_ {
        let units = self.units.get(&key.slot).into_iter().flatten();
        block.headers().chain(units.flat_map(|unit| unit.headers()))
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// All subscribers, in no promised order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (Key, Block)> + '_ {
        (0..).zip(&self.slots).filter_map(|(number, slot)| {
            let key = Key { slot: number, generation: slot.generation };
            slot.block.map(|block| (key, block))
        })
    }

    /// Takes one subscriber out, whichever; used where all go.
    pub(crate) fn pop(&mut self) -> Option<(Key, Block)> {
        while let Some(slot) = self.slots.pop() {
            if let Some(block) = slot.block {
                self.live -= 1;
                let number = u32::try_from(self.slots.len()).unwrap_or(NO_SLOT);
                return Some((Key { slot: number, generation: slot.generation }, block));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::interest::interest;
    use crate::key::Key;
    use crate::reactor::Eventp;
    use crate::sources::Doorbell;

    fn add(reactor: &mut Eventp) -> Key {
        let source = interest().read().with_fd(Doorbell::new().unwrap());
        reactor.on(source, |_| ()).unwrap()
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_never_used_again() {
        let mut reactor = Eventp::new().unwrap();
        let first = add(&mut reactor);
        let last = Key { generation: first.generation.wrapping_sub(1), ..first };
        reactor.engine.registry.slots[first.slot as usize].generation = last.generation;
        assert!(!reactor.contains(first) && reactor.contains(last));
        reactor.delete(last).unwrap();
        for _ in 0..2 {
            let next = add(&mut reactor);
            assert_ne!(next.slot, first.slot);
            for stale in [first, last] {
                assert!(!reactor.contains(stale) && reactor.delete(stale).is_err());
            }
            assert_eq!(reactor.len(), 1);
            reactor.delete(next).unwrap();
        }
    }
}
