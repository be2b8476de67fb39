//! What one sees of a subscriber when going through all of a test reactor.

use core::fmt;

use super::registered::Registered;
use crate::entry::{PortEntry, write_entry};
use crate::key::{Handle, Key};

/// A registered subscriber, as [`MockEventp::iter`](crate::MockEventp::iter) lists it: the same as [`Entry`](crate::Entry).
pub struct MockEntry<'a, S> {
    key: Key,
    registered: &'a Registered<S>,
}

impl<'a, S> MockEntry<'a, S> {
    pub(super) fn new(key: Key, registered: &'a Registered<S>) -> Self {
        Self { key, registered }
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// Its fds that are watched, with the interests now in force.
    pub fn ports(&self) -> impl Iterator<Item = PortEntry> + use<'a, S> {
        let kind = self.registered.kind;
        self.registered.ports.iter().map(move |it| kind.entry(it.port, it.fd, it.interest))
    }

    /// The name of its type, as `core::any::type_name` gives it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.registered.kind.name
    }

    /// Its handle, if it is a `T`.
    #[must_use]
    pub fn handle<T: 'static>(&self) -> Option<Handle<T>> {
        self.registered.is_a::<T>().then(|| Handle::new(self.key))
    }

    /// The subscriber itself, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&'a T> {
        self.registered.value()
    }
}

impl<S> Clone for MockEntry<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for MockEntry<'_, S> {}

impl<S> fmt::Debug for MockEntry<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_entry(f, self.type_name(), self.key, self.ports())
    }
}
