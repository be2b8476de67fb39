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

    /// The names of the events in the set.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, &name)| name)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
