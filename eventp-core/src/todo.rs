//! What the loop has to see to beside the next event.
//!
//! One byte, so that the loop finds by one test after each handler, and a run call by one before and one after the batch, that there
//! is nothing: the usual case. Each bit is set by whoever makes the work and cleared by whoever has done it.

/// The things to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Todo(u8);

impl Todo {
    pub(crate) const NOTHING: Self = Self(0);
    /// After the handler: it answered something other than "keep", or deleted its own subscriber.
    pub(crate) const ATTEND: Self = Self(1);
    /// A batch is open: from the wait until all is delivered, a panic in between included.
    pub(crate) const BATCH: Self = Self(1 << 1);
    /// Some reports of the batch reached no handler, so they do not count as handled.
    pub(crate) const COUNT: Self = Self(1 << 2);
    /// Memory is to be freed, or the epoll instance rebuilt, when no batch is open.
    pub(crate) const TIDY: Self = Self(1 << 3);
    /// Errors are to be told.
    pub(crate) const TELL: Self = Self(1 << 4);
    /// A stop was asked for.
    pub(crate) const STOP: Self = Self(1 << 5);
    /// Handlers are to be called though their fd is not ready.
    pub(crate) const TRIGGER: Self = Self(1 << 6);
    /// There is something else for the run call: a hook to call before it sleeps, a door to open again.
    pub(crate) const CALL: Self = Self(1 << 7);

    #[inline]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of these is to be seen to.
    #[inline]
    pub(crate) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    #[inline]
    pub(crate) fn set(&mut self, these: Self) {
        self.0 |= these.0;
    }

    #[inline]
    pub(crate) fn clear(&mut self, these: Self) {
        self.0 &= !these.0;
    }

    /// Clears these, and says whether any was set.
    #[inline]
    pub(crate) fn take(&mut self, these: Self) -> bool {
        let had = self.has(these);
        self.clear(these);
        had
    }
}
