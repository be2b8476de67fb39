//! A subscriber of the test reactor, and its ports.
//!
//! In comes a value of some type, out goes what is known of it when the type is forgotten: the same facts as in the real reactor's `Meta`, but the value
//! is a `Box<dyn Any>` and what delivers an event is a safe function.

use core::any::{Any, TypeId, type_name};
use std::io;
use std::os::fd::RawFd;

use super::MockEventp;
use super::fire::{Delivery, Report};
use crate::entry::PortEntry;
use crate::error::Error;
use crate::flow::Flow;
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::ops::Pinned;
use crate::ports::{Field, PortKey};
use crate::refusal;
use crate::subscriber::{Dispatch, Subscriber};

/// Calls the handler of a value.
pub(super) type Call<S> =
    fn(&mut dyn Any, Delivery, &mut S, Pinned<'_, MockEventp<S>>) -> io::Result<Flow>;

/// What is known of a subscriber's type.
pub(super) struct Type<S> {
    pub(super) call: Call<S>,
    /// Whether it has one fd, for good.
    pub(super) one: bool,
    fields: &'static [Field],
    id: TypeId,
    pub(super) struct_id: TypeId,
    pub(super) name: &'static str,
}

impl<S> Clone for Type<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Type<S> {}

impl<S> Type<S> {
    pub(super) fn of<T: Subscriber<MockEventp<S>>>() -> Self {
        Self {
            call: call::<T, S>,
            one: T::ONE,
            fields: T::FIELDS,
            id: TypeId::of::<T>(),
            struct_id: T::struct_id(),
            name: type_name::<T>(),
        }
    }

    pub(super) fn has_field(&self, field: u8) -> bool {
        usize::from(field) < self.fields.len()
    }

    /// An error of a port, or of an fd that did not become one.
    pub(super) fn error_at(
        &self,
        operation: &'static str,
        key: Option<Key>,
        (port, fd): (Port, RawFd),
        source: io::Error,
    ) -> Error {
        let field = self.fields.get(usize::from(port.field)).filter(|_| !self.one);
        Error::naming(operation, key, Some(self.name), source)
            .at_fd(fd, field.map(|field| field.name))
    }

    pub(super) fn entry(&self, port: Port, fd: RawFd, interest: Interest) -> PortEntry {
        PortEntry::new(self.fields, port, fd, interest)
    }
}

fn call<T: Subscriber<MockEventp<S>>, S>(
    value: &mut dyn Any,
    Delivery { event, interest, key, port }: Delivery,
    state: &mut S,
    reactor: Pinned<'_, MockEventp<S>>,
) -> io::Result<Flow> {
    let Some(fd) = value.downcast_mut::<T>() else { unreachable!("boxed as this type") };
    T::handle(Dispatch { fd, event, interest, key, port, state, reactor })
}

/// A port that is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Of all that were ever armed: what was reported before the port was armed again is not for the new one.
    pub(super) arming: u64,
    pub(super) port: Port,
    pub(super) fd: RawFd,
    pub(super) interest: Interest,
    /// It was one-shot, and silent until modified.
    pub(super) fired: bool,
    /// The batch in which it was armed or last modified.
    pub(super) changed: u32,
}

/// A registered subscriber.
pub(super) struct Registered<S> {
    /// Not here while its handler runs.
    pub(super) value: Option<Box<dyn Any>>,
    pub(super) kind: Type<S>,
    pub(super) ports: Vec<Watched>,
}

impl<S> Registered<S> {
    pub(super) fn is_a<T: 'static>(&self) -> bool {
        self.kind.id == TypeId::of::<T>()
    }

    pub(super) fn value<T: 'static>(&self) -> Option<&T> {
        self.value.as_ref()?.downcast_ref()
    }

    pub(super) fn has_arming(&self, report: &Report) -> bool {
        self.ports.iter().any(|port| port.arming == report.arming)
    }

    pub(super) fn error(&self, operation: &'static str, key: Key, source: io::Error) -> Error {
        Error::naming(operation, Some(key), Some(self.kind.name), source)
    }

    pub(super) fn error_at(
        &self,
        operation: &'static str,
        key: Key,
        port: &Watched,
        source: io::Error,
    ) -> Error {
        self.kind.error_at(operation, Some(key), (port.port, port.fd), source)
    }

    /// Whether a port is among those that are meant; of a subscriber with one fd always that one.
    pub(super) fn means(&self, ports: PortKey, port: &Watched) -> bool {
        self.kind.one || ports.only.is_some_and(|only| only.has(port.port))
    }

    /// The places of the watched ports that are meant.
    pub(super) fn select(
        &self,
        operation: &'static str,
        ports: PortKey,
    ) -> Result<Vec<usize>, Error> {
        let PortKey { key, only } = ports;
        if only.is_some_and(|only| !only.is_of(self.kind.struct_id)) {
            return Err(Error::unknown(operation, key));
        }
        if !self.kind.one && only.is_none() {
            return Err(self.error(operation, key, refusal::which_port()));
        }
        let meant = self.ports.iter().enumerate().filter(|(_, port)| self.means(ports, port));
        let mut selected: Vec<usize> = meant.map(|(place, _)| place).collect();
        selected.sort_unstable_by_key(|&place| self.ports[place].port);
        if selected.is_empty() {
            return Err(self.error(operation, key, refusal::none_armed()));
        }
        Ok(selected)
    }

    /// What a record says of the ports that are meant.
    pub(super) fn entries(&self, ports: PortKey) -> Vec<PortEntry> {
        let meant = self.ports.iter().filter(|port| self.means(ports, port));
        meant.map(|it| self.kind.entry(it.port, it.fd, it.interest)).collect()
    }
}
