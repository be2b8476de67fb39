//! The names of what is registered: [`Key`], [`Handle`] and [`Port`].

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// The name of a registered subscriber.
///
/// A key is `Copy` and carries a generation: when its subscriber is gone, the key is stale, and every operation with it
/// answers [`NotFound`](std::io::ErrorKind::NotFound). It never names a successor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Slot and generation, as in `3v7`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{:x}", self.slot, self.generation)
    }
}

/// A [`Key`] that also knows its subscriber's type, as [`Eventp::add`](crate::Eventp::add) returns it.
///
/// Every operation that takes a key takes a handle; [`get`](crate::Eventp::get), [`get_mut`](crate::Eventp::get_mut) and
/// [`take`](crate::Eventp::take) need one. It is `Copy`, and `Send` and `Sync` whatever `T` is.
pub struct Handle<T> {
    key: Key,
    subscriber: PhantomData<fn() -> T>,
}

impl<T> Handle<T> {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, subscriber: PhantomData }
    }

    /// The key without the type.
    #[must_use]
    pub fn key(self) -> Key {
        self.key
    }
}

impl<T> From<Handle<T>> for Key {
    fn from(handle: Handle<T>) -> Self {
        handle.key
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Handle<T> {}

impl<T> PartialOrd for Handle<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Handle<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> Hash for Handle<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>({})", core::any::type_name::<T>(), self.key)
    }
}

/// One fd of a subscriber: which field it is in, and where in it.
///
/// For `#[handler]` methods that serve several fds. [`T::NAME.contains(port)`](crate::PortSet::contains) says whether it is in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    pub(crate) field: u8,
    pub(crate) index: u16,
}

impl Port {
    /// The place of the fd within its field; 0 for a field that is one fd.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// The number of the field among those with `#[fd]`.
    #[doc(hidden)]
    #[must_use]
    pub const fn field(self) -> u8 {
        self.field
    }
}
