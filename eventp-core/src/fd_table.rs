//! Which port has which fd number.
//!
//! The kernel hands out the lowest free numbers, so an array by number is dense: claiming and giving up a number takes a few instructions each,
//! where a hash map takes 160 for both (callgrind). High numbers, which `dup2` can make, are in a map, so that one of them does not
//! cost memory for all below it.

use std::os::fd::RawFd;

use rustc_hash::FxHashMap;

use crate::header::Header;

/// Numbers from here on are in the map. The array takes 512 KiB at most.
const HIGH: usize = 1 << 16;

/// The port that has each fd number now. A header is in here from its registration until it is released or orphaned.
#[derive(Debug, Default)]
pub(crate) struct FdTable {
    /// Null where nobody has the number.
    low: Vec<*mut Header>,
    high: FxHashMap<RawFd, *mut Header>,
}

impl FdTable {
    /// Makes the header the one with this number. Returns the one that had it.
    #[inline]
    pub(crate) fn claim(&mut self, fd: RawFd, header: *mut Header) -> Option<*mut Header> {
        match low(fd).and_then(|number| self.low.get_mut(number)) {
            Some(place) => some(core::mem::replace(place, header)),
            None => self.claim_new(fd, header),
        }
    }

    #[cold]
    #[inline(never)]
    fn claim_new(&mut self, fd: RawFd, header: *mut Header) -> Option<*mut Header> {
        let Some(number) = low(fd) else { return self.high.insert(fd, header) };
        self.low.resize((number + 1).next_power_of_two(), core::ptr::null_mut());
        self.low[number] = header;
        None
    }

    /// The header with this number.
    #[inline]
    pub(crate) fn get(&self, fd: RawFd) -> Option<*mut Header> {
        match low(fd) {
            Some(number) => self.low.get(number).copied().and_then(some),
            None => self.high.get(&fd).copied(),
        }
    }

    /// Makes the number nobody's. Returns the header that had it.
    #[inline]
    pub(crate) fn release(&mut self, fd: RawFd) -> Option<*mut Header> {
        match low(fd) {
            Some(number) => {
                let header = self.low.get_mut(number)?;
                some(core::mem::replace(header, core::ptr::null_mut()))
            }
            None => self.high.remove(&fd),
        }
    }
}

fn low(fd: RawFd) -> Option<usize> {
    usize::try_from(fd).ok().filter(|&number| number < HIGH)
}

fn some(header: *mut Header) -> Option<*mut Header> {
    (!header.is_null()).then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_and_high_numbers_are_claimed_found_and_released() {
        let mut table = FdTable::default();
        let (a, b) = (core::ptr::without_provenance_mut(8), core::ptr::without_provenance_mut(16));
        for fd in [0, 1, 65_535, 65_536, i32::MAX] {
            assert_eq!(table.get(fd), None);
            assert_eq!(table.claim(fd, a), None);
            assert_eq!(table.claim(fd, b), Some(a));
            assert_eq!(table.get(fd), Some(b));
            assert_eq!(table.release(fd), Some(b));
            assert_eq!(table.release(fd), None);
        }
        assert_eq!(table.get(-1), None);
    }
}
