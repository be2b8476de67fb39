//! Which port has which fd number.
//!
//! The kernel hands out the lowest free numbers, so an array by number is dense: claiming and giving up a number takes a few instructions each,
//! where a hash map takes 160 for both (callgrind). High numbers, which `dup2` can make, are in a map, so that one of them does not
//! cost memory for all below it.

use core::ptr::NonNull;
use std::os::fd::RawFd;

use rustc_hash::FxHashMap;

use crate::header::Header;

/// Numbers from here on are in the map. The array takes 512 KiB at most.
const HIGH: usize = 1 << 16;

/// The port that has each fd number now. A header is in here from its registration until it is released or orphaned.
#[derive(Debug, Default)]
pub(crate) struct FdTable {
    /// Those below [`HIGH`], as far as they have been used; no longer than that.
    low: Vec<Option<NonNull<Header>>>,
    high: FxHashMap<RawFd, NonNull<Header>>,
}

impl FdTable {
    /// Makes the header the one with this number. Returns the one that had it.
    #[inline]
    pub(crate) fn claim(&mut self, fd: RawFd, header: *mut Header) -> Option<NonNull<Header>> {
        match self.low.get_mut(index(fd)) {
            Some(place) => core::mem::replace(place, NonNull::new(header)),
            None => self.claim_new(fd, header),
        }
    }

    #[cold]
    #[inline(never)]
    fn claim_new(&mut self, fd: RawFd, header: *mut Header) -> Option<NonNull<Header>> {
        let number = index(fd);
        if number >= HIGH {
            return NonNull::new(header).and_then(|header| self.high.insert(fd, header));
        }
        self.low.resize((number + 1).next_power_of_two(), None);
        self.low[number] = NonNull::new(header);
        None
    }

    /// The header with this number.
    #[inline]
    pub(crate) fn get(&self, fd: RawFd) -> Option<NonNull<Header>> {
        match self.low.get(index(fd)) {
            Some(place) => *place,
            None => self.high.get(&fd).copied(),
        }
    }

    /// Makes the number nobody's. Returns the header that had it.
    #[inline]
    pub(crate) fn release(&mut self, fd: RawFd) -> Option<NonNull<Header>> {
        match self.low.get_mut(index(fd)) {
            Some(place) => place.take(),
            None => self.high.remove(&fd),
        }
    }
}

/// The place in the array, if it reaches so far. What is no number of an fd is beyond all of them.
fn index(fd: RawFd) -> usize {
    fd as u32 as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_and_high_numbers_are_claimed_found_and_released() {
        let mut table = FdTable::default();
        let (a, b) = (core::ptr::without_provenance_mut(8), core::ptr::without_provenance_mut(16));
        let found = NonNull::new;
        for fd in [0, 1, 65_535, 65_536, i32::MAX] {
            assert_eq!(table.get(fd), None);
            assert_eq!(table.claim(fd, a), None);
            assert_eq!(table.claim(fd, b), found(a));
            assert_eq!(table.get(fd), found(b));
            assert_eq!(table.release(fd), found(b));
            assert_eq!(table.release(fd), None);
        }
        assert_eq!(table.get(-1), None);
    }
}
