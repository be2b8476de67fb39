//! The record of what a test reactor was asked for.

use std::io::ErrorKind;

use crate::entry::PortEntry;
use crate::event::Event;
use crate::interest::Interest;
use crate::key::Key;

/// What a [`MockEventp`](crate::MockEventp) was asked for, and what came of it.
///
/// `ports` are the fds that it concerns, `error` is how it failed. The type is that of the subscriber, as `core::any::type_name` gives it; `None` if the key
/// was stale.
///
/// ```
/// use eventp_core::{interest, MockEventp, Operation};
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
        #[allow(missing_docs, reason = "said above")]
        type_name: &'static str,
        /// Those that are watched from the start.
        ports: Vec<PortEntry>,
        #[allow(missing_docs, reason = "said above")]
        error: Option<ErrorKind>,
    },
    /// [`modify`](crate::Pinned::modify).
    #[non_exhaustive]
    #[allow(missing_docs, reason = "said above")]
    Modify {
        key: Key,
        type_name: Option<&'static str>,
        /// With the interests that they had before.
        ports: Vec<PortEntry>,
        /// The one that was asked for.
        interest: Interest,
        error: Option<ErrorKind>,
    },
    /// [`delete`](crate::Pinned::delete).
    #[non_exhaustive]
    #[allow(missing_docs, reason = "said above")]
    Delete { key: Key, type_name: Option<&'static str>, error: Option<ErrorKind> },
    /// [`arm`](crate::Pinned::arm), [`arm_other`](crate::Pinned::arm_other).
    #[non_exhaustive]
    #[allow(missing_docs, reason = "said above")]
    Arm {
        key: Key,
        type_name: Option<&'static str>,
        ports: Vec<PortEntry>,
        error: Option<ErrorKind>,
    },
    /// [`disarm`](crate::Pinned::disarm).
    #[non_exhaustive]
    #[allow(missing_docs, reason = "said above")]
    Disarm {
        key: Key,
        type_name: Option<&'static str>,
        ports: Vec<PortEntry>,
        error: Option<ErrorKind>,
    },
    /// [`trigger`](crate::Pinned::trigger).
    #[non_exhaustive]
    #[allow(missing_docs, reason = "said above")]
    Trigger {
        key: Key,
        type_name: Option<&'static str>,
        ports: Vec<PortEntry>,
        event: Event,
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
