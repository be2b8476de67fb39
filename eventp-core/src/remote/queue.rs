//! What other threads hand in: a queue that says when its reader has to be woken, and that can be closed.
//!
//! In come items of any thread; out they go to the reactor's, so many at a time. Who pushes the first item wakes the reader, who pushes a
//! further one knows that somebody else does: so there is one write to an eventfd for as many items as come before the reader looks. The
//! reader that leaves some behind wakes itself. Nothing is dropped under the lock, since dropping an item runs user code.

use std::collections::VecDeque;
use std::io;

use crate::sync::{Mutex, lock};

/// Whether items are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// Until the next run call.
    Stopped,
    /// For ever.
    Gone,
}

impl Door {
    pub(crate) fn check(self) -> io::Result<()> {
        let reason = match self {
            Self::Open => return Ok(()),
            Self::Stopped => "the reactor has stopped; it answers again when it runs",
            Self::Gone => "the reactor is gone",
        };
        Err(io::Error::new(io::ErrorKind::BrokenPipe, reason))
    }
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    door: Door,
    /// Who had to wake the reader could not: the next one has to.
    unheard: bool,
    /// So many items at most are of no use any more.
    given_up: usize,
}

#[derive(Debug)]
pub(crate) struct Queue<T>(Mutex<Inner<T>>);

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let items = VecDeque::new();
        Self(Mutex::new(Inner { items, door: Door::Open, unheard: false, given_up: 0 }))
    }

    /// Hands in an item. Answers whether the reader has to be woken; or, with the item, who closed the door.
    pub(crate) fn push(&self, item: T) -> Result<bool, (T, Door)> {
        let mut inner = lock(&self.0);
        if inner.door != Door::Open {
            return Err((item, inner.door));
        }
        let is_first = inner.items.is_empty();
        inner.items.push_back(item);
        Ok(core::mem::take(&mut inner.unheard) || is_first)
    }

    /// The reader could not be woken. Whoever pushes next tries again.
    pub(crate) fn unheard(&self) {
        lock(&self.0).unheard = true;
    }

    /// Moves the first `most` items. Answers whether there are more: then the reader has to be woken again.
    pub(crate) fn take(&self, most: usize, into: &mut Vec<T>) -> bool {
        let mut inner = lock(&self.0);
        let count = inner.items.len().min(most);
        into.extend(inner.items.drain(..count));
        if inner.items.is_empty() {
            inner.given_up = 0;
        }
        !inner.items.is_empty()
    }

    /// One more item is of no use. Takes all such out, for the caller to drop, when they may be more than half of all: so they cost the same each,
    /// however many items there are, and do not pile up where nobody reads.
    pub(crate) fn give_up_one(&self, is_of_no_use: impl Fn(&T) -> bool) -> Vec<T> {
        let mut useless = Vec::new();
        let mut inner = lock(&self.0);
        inner.given_up += 1;
        if inner.given_up * 2 > inner.items.len() {
            inner.given_up = 0;
            for _ in 0..inner.items.len() {
                match inner.items.pop_front() {
                    Some(item) if is_of_no_use(&item) => useless.push(item),
                    other => inner.items.extend(other),
                }
            }
        }
        useless
    }

    /// Makes room, so that the next `count` pushes into an empty queue allocate nothing.
    pub(crate) fn reserve(&self, count: usize) {
        let mut inner = lock(&self.0);
        let missing = count.saturating_sub(inner.items.len());
        inner.items.reserve(missing);
    }

    /// Opens or closes the door, except that who is gone stays so. Answers what is left behind a closed one, for the caller to drop.
    pub(crate) fn set_door(&self, door: Door) -> VecDeque<T> {
        let mut inner = lock(&self.0);
        if inner.door != Door::Gone {
            inner.door = door;
        }
        match door {
            Door::Open => VecDeque::new(),
            Door::Stopped | Door::Gone => core::mem::take(&mut inner.items),
        }
    }

    pub(crate) fn door(&self) -> Door {
        lock(&self.0).door
    }
}
