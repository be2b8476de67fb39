//! The fds of a subscriber: how the reactor asks for them, and how users name them.
//!
//! In comes a user's struct, as `#[subscriber]` describes it by [`Ports`]; out go plain fd numbers, asked for once each time a field is
//! armed (I3). Nothing here is trusted for memory safety (I4): a wrong number is the kernel's to refuse, a wrong field is delivered as
//! such, and a [`PortCall`] can only be made for the type that it is used with.

use core::any::TypeId;
use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use crate::dispatch;
use crate::header::Calls;
use crate::interest::Interest;
use crate::key::{Handle, Key, Port};
use crate::reactor::Eventp;
use crate::subscriber::{HasInterest, Subscriber};

/// A field with fds.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, for errors and `Debug`.
    pub name: &'static str,
    /// How many fds it can have at most, where the type says that; 0 where it does not.
    pub ports: u16,
    /// Whether it is armed at registration.
    pub armed: bool,
    /// What is to be said if no handler names it.
    pub unhandled: &'static str,
    /// What is to be said if no handler is for an event that its interest asks for, in the order of the bits: readable, priority, writable. Empty
    /// for what it does not ask for, or not as far as the compiler knows.
    pub unheard: [&'static str; 3],
}

impl Field {
    /// The only one, of which nothing is known.
    pub const ONE: Self =
        Self { name: "fd", ports: 1, armed: true, unhandled: "", unheard: [""; 3] };
}

/// What a field with `#[fd]` can be: an fd, or an `Option`, an array or a `Vec` of fds. `Kind` says which of these, and is inferred.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an fd",
    label = "expected a type that implements `AsFd`, or an `Option`, an array or a `Vec` of these",
    note = "for a type that has only `AsRawFd`, write `#[fd(raw)]`; for an fd behind a method, `#[fd(with = path)]`"
)]
pub trait Fds<Kind> {
    /// How many fds it can have at most, where the type says that; 0 where it does not.
    const PORTS: u16;
    /// Names the fds that it has now.
    fn each(&self, each: &mut dyn FnMut(RawFd));
}

/// The same for types that have only [`AsRawFd`].
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an fd",
    label = "expected a type that implements `AsRawFd`, or an `Option`, an array or a `Vec` of these"
)]
pub trait RawFds<Kind> {
    /// How many fds it can have at most, where the type says that; 0 where it does not.
    const PORTS: u16;
    /// Names the fds that it has now.
    fn each(&self, each: &mut dyn FnMut(RawFd));
}

/// The kinds of [`Fds`]: one fd.
#[doc(hidden)]
#[derive(Debug)]
pub struct One;
/// Perhaps one.
#[doc(hidden)]
#[derive(Debug)]
pub struct Maybe;
/// So many.
#[doc(hidden)]
#[derive(Debug)]
pub struct Array;
/// Any number.
#[doc(hidden)]
#[derive(Debug)]
pub struct Many;

/// An array with more fds than can be numbered is a mistake that the compiler finds.
pub(crate) const fn ports_of_array(length: usize) -> u16 {
    assert!(length <= u16::MAX as usize, "too many fds");
    length as u16
}

macro_rules! impl_fds {
    ($trait:ident, $bound:ident, $number:expr) => {
        #[diagnostic::do_not_recommend]
        impl<T: $bound> $trait<One> for T {
            const PORTS: u16 = 1;
            #[inline]
            fn each(&self, each: &mut dyn FnMut(RawFd)) {
                each($number(self));
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: $bound> $trait<Maybe> for Option<T> {
            const PORTS: u16 = 1;
            fn each(&self, each: &mut dyn FnMut(RawFd)) {
                self.iter().map($number).for_each(each);
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: $bound, const N: usize> $trait<Array> for [T; N] {
            const PORTS: u16 = ports_of_array(N);
            fn each(&self, each: &mut dyn FnMut(RawFd)) {
                self.iter().map($number).for_each(each);
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: $bound> $trait<Many> for Vec<T> {
            const PORTS: u16 = 0;
            fn each(&self, each: &mut dyn FnMut(RawFd)) {
                self.iter().map($number).for_each(each);
            }
        }
    };
}

impl_fds!(Fds, AsFd, |fd: &T| fd.as_fd().as_raw_fd());
impl_fds!(RawFds, AsRawFd, |fd: &T| fd.as_raw_fd());

/// What the reactor needs to find a subscriber's fds. Implemented for whatever has one fd; `#[subscriber]` writes it for several.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a subscriber",
    label = "not a subscriber",
    note = "write `#[subscriber(interest = ..)]` on the struct and `#[fd]` on the field that holds the fd"
)]
pub trait Ports: Sized {
    /// Whether it is one fd, for good: then its header is directly before the value.
    const ONE: bool;
    /// The fields, 64 at most.
    const FIELDS: &'static [Field];
    /// Whose fields these are: the struct itself, or the one in a shared cell.
    type Struct;
    /// What stands for that.
    #[must_use]
    fn struct_id() -> TypeId
    where
        Self: 'static,
    {
        TypeId::of::<Self>()
    }
    /// Names the fds that a field has now, with their first interest.
    ///
    /// # Errors
    ///
    /// That of a cell that cannot be borrowed.
    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()>;

    /// What delivers the events of a field to a registered `W`, which is the struct itself or a cell with it; `None` if there is no such field.
    /// Not used if there is [one](Ports::ONE) fd.
    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>;
}

/// A struct with several fds, of which `#[on(..)]` can choose.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` must have several `#[fd]` fields in order to name one in `#[on(..)]`",
    label = "has no fds to choose from",
    note = "mark the fields with `#[fd(interest = ..)]` and the struct with `#[subscriber]`; where there is one, `#[on(..)]` names events only: `readable`, `writable`, `priority`, `error`, `hangup`, `read_closed`"
)]
pub trait NamedPorts {
    /// The type itself: of one that has no such fds, nobody asks whether it has a field.
    type Struct;
    /// The same as [`Ports::FIELDS`].
    const FIELDS: &'static [Field];
}

/// Who is told of fds.
#[doc(hidden)]
pub type Each<'a> = &'a mut dyn FnMut(RawFd, Interest);

#[diagnostic::do_not_recommend]
impl<T: AsFd + HasInterest> Ports for T {
    const ONE: bool = true;
    const FIELDS: &'static [Field] = &[Field::ONE];
    type Struct = Self;

    #[inline]
    fn ports(&self, _field: usize, each: Each<'_>) -> io::Result<()> {
        each(self.as_fd().as_raw_fd(), self.interest());
        Ok(())
    }

    fn call<W, S>(_field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        None
    }
}

/// What delivers the events of one field of a `T` in a reactor with state `S`.
#[doc(hidden)]
pub struct PortCall<T, S> {
    calls: Calls,
    of: PhantomData<fn(T, S)>,
}

impl<T: Subscriber<Eventp<S>>, S> PortCall<T, S> {
    /// That of the field with this number: one function per field, so that a handler's choice by field is made at compile time.
    #[must_use]
    pub fn of_field<const FIELD: u8>() -> Self {
        const { assert!(FIELD < 64, "a subscriber has 64 fields with `#[fd]` at most") };
        Self { calls: dispatch::far_calls::<T, S, FIELD>(), of: PhantomData }
    }

    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }
}

impl<T, S> fmt::Debug for PortCall<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortCall").finish_non_exhaustive()
    }
}

/// Fields and groups of fields of a `T`: what `T::NAME` is for a field `name` with `#[fd]`, and for a group.
pub struct PortSet<T> {
    fields: u64,
    of: PhantomData<fn() -> T>,
}

impl<T> PortSet<T> {
    /// The fields with these numbers.
    #[doc(hidden)]
    #[must_use]
    pub const fn of_fields(fields: u64) -> Self {
        Self { fields, of: PhantomData }
    }

    /// These and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self::of_fields(self.fields | other.fields)
    }

    /// Whether the port is one of these.
    #[must_use]
    pub const fn contains(self, port: Port) -> bool {
        has(self.fields, port.field)
    }

    pub(crate) fn fields(self) -> u64 {
        self.fields
    }
}

impl<T> Clone for PortSet<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PortSet<T> {}

impl<T> fmt::Debug for PortSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortSet<{}>({:#b})", core::any::type_name::<T>(), self.fields)
    }
}

/// Whether the set of fields has this one.
const fn has(fields: u64, field: u8) -> bool {
    field < 64 && fields >> field & 1 == 1
}

/// Which ports of which subscriber: a [`Key`] and, where it has several fds, what [`Key::port`] adds.
#[derive(Clone, Copy)]
pub struct PortKey {
    pub(crate) key: Key,
    pub(crate) only: Option<Only>,
}

/// The ports of a subscriber that are meant.
#[derive(Clone, Copy)]
pub(crate) struct Only {
    of: TypeId,
    fields: u64,
    index: Option<usize>,
}

impl Only {
    /// Whether it speaks of that type.
    pub(crate) fn is_of(&self, id: TypeId) -> bool {
        self.of == id
    }

    pub(crate) fn has(&self, port: Port) -> bool {
        has(self.fields, port.field) && self.index.is_none_or(|index| index == port.index())
    }
}

impl PortKey {
    /// Only that fd of each field: for fields that are a `Vec` or an array.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        if let Some(only) = &mut self.only {
            only.index = Some(index);
        }
        self
    }

    fn new(key: Key, of: TypeId, fields: u64) -> Self {
        Self { key, only: Some(Only { of, fields, index: None }) }
    }
}

impl Key {
    /// The ports of this subscriber that are meant.
    pub fn port<T: 'static>(self, ports: PortSet<T>) -> PortKey {
        PortKey::new(self, TypeId::of::<T>(), ports.fields)
    }
}

impl<T: Ports + 'static> Handle<T> {
    /// The ports of this subscriber that are meant.
    pub fn port(self, ports: PortSet<T::Struct>) -> PortKey {
        PortKey::new(self.key(), T::struct_id(), ports.fields)
    }
}

impl From<Key> for PortKey {
    fn from(key: Key) -> Self {
        Self { key, only: None }
    }
}

impl<T> From<Handle<T>> for PortKey {
    fn from(handle: Handle<T>) -> Self {
        handle.key().into()
    }
}

impl fmt::Debug for PortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortKey").field("key", &self.key).finish_non_exhaustive()
    }
}
