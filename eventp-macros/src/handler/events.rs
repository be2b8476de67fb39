//! Sets of events.
//!
//! What must stay true: the order of the bits is the order of [`NAMES`].

use core::ops::BitOrAssign;

use crate::event_names::NAMES;

/// A set of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events(u8);

impl Events {
    pub(crate) const ALL: Self = Self(0b11_1111);
    /// What is reported if the interest asks for it.
    pub(crate) const ASKED: Self = Self(0b111);
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(2);
    /// What the kernel reports whether or not a handler cares, so that somebody has to.
    pub(crate) const UNASKED: [Self; 3] = [Self(1 << 3), Self(1 << 4), Self(1 << 5)];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().position(|&known| known == name).map(|at| Self(1 << at))
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits as in `epoll_ctl(2)`, where they are the same on every architecture; the core asserts that.
    pub(crate) fn epoll_bits(self) -> u32 {
        const BITS: [u32; 6] = [0x1, 0x4, 0x2, 0x8, 0x10, 0x2000];
        let bits = BITS.iter().enumerate().filter(|(at, _)| self.0 >> at & 1 == 1);
        bits.fold(0, |all, (_, bit)| all | bit)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
