//! The record of what a test reactor was asked for, and which operations are to fail.
//!
//! In comes what [`ops.rs`](super::ops) did; out goes what a test compares. Both count what can fail in the order in which it was asked for.

use std::io::{self, ErrorKind};

use super::MockEventp;
use crate::entry::PortEntry;
use crate::event::Event;
use crate::interest::Interest;
use crate::key::Key;

/// What a [`MockEventp`] was asked for, and what came of it.
///
/// ```
/// # use eventp_core as eventp;
/// use eventp::{interest, MockEventp, Operation};
/// # fn main() -> std::io::Result<()> {
/// # let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
///
/// let mut reactor = MockEventp::<()>::new();
/// let key = reactor.on(interest().read().with_fd(stream), |_| ())?;
/// reactor.modify(key, interest().write())?;
/// reactor.stop();
///
/// let [added, modified, Operation::Stop] = reactor.operations() else { panic!("{reactor:?}") };
/// assert_eq!(added.key(), Some(key));
/// assert!(matches!(added, Operation::Add { ports, .. } if ports[0].interest() == interest().read()));
/// assert!(matches!(modified, Operation::Modify { interest: it, error: None, .. } if it.is_write()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// [`add`](crate::Pinned::add), [`on`](crate::Pinned::on), `register_into`.
    #[non_exhaustive]
    Add {
        /// Its name, if it was registered.
        key: Option<Key>,
        /// Its type, as `core::any::type_name` gives it.
        type_name: &'static str,
        /// Those that are watched from the start.
        ports: Vec<PortEntry>,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`modify`](crate::Pinned::modify).
    #[non_exhaustive]
    Modify {
        /// Whose ports.
        key: Key,
        /// Its type; `None` if the key was stale.
        type_name: Option<&'static str>,
        /// Which, with the interests that they had before.
        ports: Vec<PortEntry>,
        /// The one that was asked for.
        interest: Interest,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`delete`](crate::Pinned::delete).
    #[non_exhaustive]
    Delete {
        /// Who.
        key: Key,
        /// Its type; `None` if the key was stale.
        type_name: Option<&'static str>,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`arm`](crate::Pinned::arm), [`arm_other`](crate::Pinned::arm_other).
    #[non_exhaustive]
    Arm {
        /// Whose ports.
        key: Key,
        /// Its type; `None` if the key was stale.
        type_name: Option<&'static str>,
        /// Which, with their first interests.
        ports: Vec<PortEntry>,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`disarm`](crate::Pinned::disarm).
    #[non_exhaustive]
    Disarm {
        /// Whose ports.
        key: Key,
        /// Its type; `None` if the key was stale.
        type_name: Option<&'static str>,
        /// Which, with the interests that they had.
        ports: Vec<PortEntry>,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`trigger`](crate::Pinned::trigger).
    #[non_exhaustive]
    Trigger {
        /// Whose ports.
        key: Key,
        /// Its type; `None` if the key was stale.
        type_name: Option<&'static str>,
        /// Which.
        ports: Vec<PortEntry>,
        /// What they are to be told.
        event: Event,
        /// How it failed.
        error: Option<ErrorKind>,
    },
    /// [`stop`](crate::Pinned::stop). Not what a handler says by [`Flow::Stop`](crate::Flow::Stop).
    Stop,
}

impl Operation {
    /// The subscriber that it concerns; `None` for one that could not be added, and for a stop.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match *self {
            Self::Add { key, .. } => key,
            Self::Modify { key, .. }
            | Self::Delete { key, .. }
            | Self::Arm { key, .. }
            | Self::Disarm { key, .. }
            | Self::Trigger { key, .. } => Some(key),
            Self::Stop => None,
        }
    }

    /// How it failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<ErrorKind> {
        match *self {
            Self::Add { error, .. }
            | Self::Modify { error, .. }
            | Self::Delete { error, .. }
            | Self::Arm { error, .. }
            | Self::Disarm { error, .. }
            | Self::Trigger { error, .. } => error,
            Self::Stop => None,
        }
    }
}

impl<S> MockEventp<S> {
    /// What it was asked for, from outside and by handlers, in order; also what failed. Questions are not recorded, nor is that a subscriber goes
    /// because its handler says so.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The [`operations`](MockEventp::operations), which are forgotten here: what follows is recorded from the start.
    pub fn take_operations(&mut self) -> Vec<Operation> {
        core::mem::take(&mut self.operations)
    }

    /// Has the next operation fail with this error, whatever it is, except a stop.
    ///
    /// Nothing is changed by an operation that fails so. Its error has the text that the real reactor would give it: what failed, of which fd and type, and
    /// what to do. If it is called twice, the next two operations fail.
    pub fn fail_next(&mut self, error: io::Error) {
        self.fail_nth(1, error);
    }

    /// Has the `n`th operation from now fail with this error; the next one is the first. See [`fail_next`](MockEventp::fail_next).
    ///
    /// ```
    /// # use std::io;
    /// # use std::os::unix::net::UnixStream;
    /// # use eventp_core::{interest, MockEventp};
    /// # fn main() -> io::Result<()> {
    /// # let (stream, _peer) = UnixStream::pair()?;
    /// let mut reactor = MockEventp::<()>::new();
    /// reactor.fail_nth(2, io::Error::from_raw_os_error(12)); // ENOMEM
    /// let key = reactor.on(interest().read().with_fd(stream), |_| ())?;
    /// assert_eq!(reactor.modify(key, interest()).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
    /// assert!(reactor.interest(key)?.is_read(), "it keeps the interest that it had");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    pub fn fail_nth(&mut self, n: usize, error: io::Error) {
        assert!(n > 0, "there is no operation 0; the next one is the first");
        self.failures.push((self.made + n, error));
    }

    /// Counts an operation, and says what it is to fail with.
    pub(super) fn next_failure(&mut self) -> Option<io::Error> {
        self.made += 1;
        let due = self.failures.iter().position(|&(nth, _)| nth <= self.made)?;
        Some(self.failures.remove(due).1)
    }
}
