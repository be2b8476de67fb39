//! What one sees of a subscriber when going through all of them: [`Entry`] while it is registered, [`OwnedEntry`] when the reactor has ended.

use core::any::Any;
use core::fmt;
use std::os::fd::RawFd;

use crate::engine::Engine;
use crate::header::Block;
use crate::interest::Interest;
use crate::key::{Handle, Key, Port};
use crate::ports::Field;

/// A registered subscriber, as [`Eventp::iter`](crate::Eventp::iter) lists it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    key: Key,
    block: Block,
    engine: &'a Engine,
}

impl<'a> Entry<'a> {
    /// Only for registered blocks.
    pub(crate) fn new(key: Key, block: Block, engine: &'a Engine) -> Self {
        Self { key, block, engine }
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// Its fds that are watched, with the interests now in force.
    pub fn ports(&self) -> impl Iterator<Item = PortEntry> + use<> {
        let fields = self.block.meta().fields;
        let ports = self.engine.ports(self.key, self.block).into_iter();
        ports.map(move |it| PortEntry::new(fields, it.port(), it.fd, it.interest))
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
        write_entry(f, self.type_name(), self.key, self.ports())
    }
}

/// What `Debug` says of a registered subscriber.
pub(crate) fn write_entry(
    f: &mut fmt::Formatter<'_>,
    type_name: &str,
    key: Key,
    ports: impl Iterator<Item = PortEntry>,
) -> fmt::Result {
    let mut text = f.debug_struct(type_name);
    text.field("key", &key);
    for port in ports {
        let what = format_args!("fd {} for {:?}", port.fd, port.interest);
        if port.is_one_of_many {
            text.field(&format!("{}[{}]", port.field, port.port.index()), &what);
        } else {
            text.field(port.field, &what);
        }
    }
    text.finish()
}

/// An fd that is watched, as [`Entry::ports`] lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortEntry {
    field: &'static str,
    is_one_of_many: bool,
    port: Port,
    fd: RawFd,
    interest: Interest,
}

impl PortEntry {
    pub(crate) fn new(fields: &'static [Field], port: Port, fd: RawFd, interest: Interest) -> Self {
        let field = fields.get(usize::from(port.field));
        Self {
            field: field.map_or("", |field| field.name),
            is_one_of_many: field.is_some_and(|field| field.ports != 1),
            port,
            fd,
            interest,
        }
    }

    /// The name of the field that holds the fd; `fd` for a subscriber with one.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Its place among the fds of the subscriber.
    #[must_use]
    pub fn port(&self) -> Port {
        self.port
    }

    /// The number of the fd, as it was when it was armed.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// The interest now in force.
    #[must_use]
    pub fn interest(&self) -> Interest {
        self.interest
    }
}

/// A subscriber that outlived its reactor, as [`Eventp::into_subscribers`](crate::Eventp::into_subscribers) gives it.
pub struct OwnedEntry {
    key: Key,
    type_name: &'static str,
    value: Box<dyn Any>,
}

impl OwnedEntry {
    pub(crate) fn new(key: Key, block: Block, value: Box<dyn Any>) -> Self {
        Self { key, type_name: (block.meta().type_name)(), value }
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
