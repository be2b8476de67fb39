//! What one sees of a subscriber when going through all of them: [`Entry`] while it is registered, [`OwnedEntry`] when the reactor has ended.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use std::os::fd::RawFd;

use crate::header::Block;
use crate::interest::Interest;
use crate::key::{Handle, Key};

/// A registered subscriber, as [`Eventp::iter`](crate::Eventp::iter) lists it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    block: Block,
    reactor: PhantomData<&'a ()>,
}

impl<'a> Entry<'a> {
    /// Only for registered blocks, while the reactor is borrowed for `'a`.
    pub(crate) fn new(block: Block) -> Self {
        Self { block, reactor: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        // SAFETY: I1: registered for `'a`, so allocated; a plain copy is read.
        unsafe { (*self.block.header()).key }
    }

    /// The number of its fd, as it was when it was registered.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        // SAFETY: as in `key`.
        unsafe { (*self.block.header()).fd }
    }

    /// The interest now in force.
    #[must_use]
    pub fn interest(&self) -> Interest {
        // SAFETY: as in `key`.
        unsafe { (*self.block.header()).interest }
    }

    /// The name of its type, as `core::any::type_name` gives it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        (self.block.meta().type_name)()
    }

    /// Its handle, if it is a `T`.
    #[must_use]
    pub fn handle<T: 'static>(&self) -> Option<Handle<T>> {
        self.block.holds::<T>().then(|| Handle::new(self.key()))
    }

    /// The subscriber itself, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&'a T> {
        // SAFETY: the type is checked first. I2: the reactor is borrowed for `'a`, so no handler runs and nobody gets a `&mut`.
        self.block.holds::<T>().then(|| unsafe { &*self.block.value().cast::<T>() })
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.type_name())
            .field("key", &self.key())
            .field("fd", &self.fd())
            .field("interest", &self.interest())
            .finish()
    }
}

/// A subscriber that outlived its reactor, as [`Eventp::into_subscribers`](crate::Eventp::into_subscribers) gives it.
pub struct OwnedEntry {
    key: Key,
    type_name: &'static str,
    value: Box<dyn Any>,
}

impl OwnedEntry {
    pub(crate) fn new(block: Block, value: Box<dyn Any>) -> Self {
        let entry = Entry::new(block);
        Self { key: entry.key(), type_name: entry.type_name(), value }
    }

    /// What its name was.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// The name of its type, as `core::any::type_name` gives it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The subscriber, if it is a `T`.
    ///
    /// # Errors
    ///
    /// The entry again if it is not.
    pub fn downcast<T: 'static>(self) -> Result<T, Self> {
        let Self { key, type_name, value } = self;
        value.downcast().map(|value| *value).map_err(|value| Self { key, type_name, value })
    }

    /// The subscriber, of whatever type.
    #[must_use]
    pub fn into_any(self) -> Box<dyn Any> {
        self.value
    }
}

impl fmt::Debug for OwnedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.type_name).field("key", &self.key).finish_non_exhaustive()
    }
}
