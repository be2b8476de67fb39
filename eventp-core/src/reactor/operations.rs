//! The operations behind [`Pinned`](crate::Pinned), as the reactor does them.
//!
//! In come users' values and keys of any type, out they go to the untyped [`Engine`](crate::engine::Engine): values under the table made for
//! their type, and lent only after their type was checked. User code is asked for fds and interests before anything is changed (I3, I4).

use std::io;

use super::{Eventp, find_as};
use crate::dispatch::Table;
use crate::engine::Wanted;
use crate::error::Error;
use crate::event::Event;
use crate::flow::IntoFlow;
use crate::interest::Interest;
use crate::key::{Handle, Key, Port};
use crate::ops::sealed::Ops;
use crate::ops::{EventpOps, Pinned, Running};
use crate::ports::{PortKey, PortSet, Ports};
use crate::refusal;
use crate::remote::Remote;
use crate::remote::notifier::Notifier;
use crate::subscriber::{Dispatch, Subscriber};

impl<S> EventpOps for Eventp<S> {
    type State = S;
}

impl<S> Ops for Eventp<S> {
    fn op_add<T: Subscriber<Self>>(&mut self, subscriber: T) -> Result<Handle<T>, (T, io::Error)> {
        // I3: fds and interests are asked for once, and before anything is changed: user code, which may panic.
        let meta = Table::<T, S>::META;
        let added = if T::ONE {
            let (mut fd, mut interest) = (-1, crate::interest::interest());
            if let Err(error) =
                subscriber.ports(0, &mut |number, first| (fd, interest) = (number, first))
            {
                return Err((subscriber, Error::adding(fd, meta, 0, error).into()));
            }
            // SAFETY: the table is that of `T` in an `Eventp<S>`, whose first field the engine is, and near since `T` has one fd.
            unsafe { self.engine.add_one(meta, fd, interest, subscriber) }
        } else {
            let mut wanted = core::mem::take(&mut self.engine.wanted);
            if let Err(error) = find_fds(&subscriber, first_fields::<T>(), &mut wanted) {
                return Err((subscriber, Error::adding(-1, meta, 0, error).into()));
            }
            // SAFETY: as above, and not near since `T` has several.
            let added = unsafe { self.engine.add_several(meta, &mut wanted, subscriber) };
            self.engine.wanted = wanted;
            added
        };
        match added {
            Ok(key) => Ok(Handle::new(key)),
            Err((subscriber, error)) => Err((subscriber, error.into())),
        }
    }

    fn op_modify(&mut self, ports: PortKey, interest: Interest) -> io::Result<()> {
        self.engine.modify(ports, interest).map_err(io::Error::from)
    }

    fn op_arm<T: Ports + 'static>(
        &mut self,
        key: Key,
        subscriber: &T,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let block = self.engine.find("arm", key)?;
        let refused = |error| io::Error::from(Error::at("arm", key, block, error));
        if (block.meta().struct_id)() != T::struct_id() {
            return Err(Error::unknown("arm", key).into());
        }
        if block.meta().near.is_some() {
            return Err(refused(refusal::always_armed()));
        }
        let mut wanted = core::mem::take(&mut self.engine.wanted);
        // User code, which may panic: nothing has changed yet (I4).
        find_fds(subscriber, ports.fields(), &mut wanted).map_err(refused)?;
        let armed = self.engine.arm(key, block, &mut wanted);
        self.engine.wanted = wanted;
        armed.map_err(io::Error::from)
    }

    fn op_arm_other<T: Ports + 'static>(
        &mut self,
        by: Running,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let subscriber: *const T = self.op_get_mut(by, handle)?;
        // SAFETY: I2: `op_get_mut` has lent it, so its handler does not run. The value lies outside of the reactor, which forms no other
        // reference to it while it arms.
        self.op_arm(handle.key(), unsafe { &*subscriber }, ports)
    }

    fn op_disarm(&mut self, ports: PortKey) -> io::Result<()> {
        self.engine.disarm(ports).map_err(io::Error::from)
    }

    fn op_delete(&mut self, by: Running, key: Key) -> io::Result<()> {
        if self.engine.delete(by, key) { Ok(()) } else { Err(Error::unknown("delete", key).into()) }
    }

    fn op_stop(&mut self) {
        self.engine.ask_to_stop();
    }

    fn op_trigger(&mut self, ports: PortKey, event: Event) -> io::Result<()> {
        self.engine.trigger(ports, event).map_err(io::Error::from)
    }

    fn op_interest(&self, ports: PortKey) -> io::Result<Interest> {
        self.engine.interest(ports).map_err(io::Error::from)
    }

    fn op_contains(&self, key: Key) -> bool {
        self.engine.registry.find(key).is_some()
    }

    fn op_handle<T: 'static>(&self, key: Key) -> io::Result<Handle<T>> {
        find_as::<T>(&self.engine, "get", Handle::new(key))?;
        Ok(Handle::new(key))
    }

    fn op_get_mut<T: 'static>(&mut self, by: Running, handle: Handle<T>) -> io::Result<&mut T> {
        let block = find_as::<T>(&self.engine, "get", handle)?;
        if by.is(handle.key()) {
            return Err(Error::at("get", handle.key(), block, refusal::running()).into());
        }
        // SAFETY: the type was checked. I2: it is not the running one, and the reference lives as long as the exclusive borrow of the
        // reactor, or of the only `Pinned` there is.
        Ok(unsafe { &mut *block.value().cast::<T>() })
    }
}

/// What a handler gets of the reactor, but not of the test reactor: closures, of [`Eventp::on`] and of a [`Remote`], have it. A method with `#[handler]`,
/// which takes `impl EventpOps`, sends a closure by a remote that it finds in the state.
impl<S> Pinned<'_, Eventp<S>> {
    /// A handle for other threads, as [`Eventp::remote`].
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::remote`].
    pub fn remote(&mut self) -> io::Result<Remote<S>> {
        self.reactor.remote()
    }

    /// A handler that other threads, or wakers of futures, have called, as [`Eventp::notifier`].
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::notifier`].
    pub fn notifier<F, R>(&mut self, handler: F) -> io::Result<Notifier>
    where
        F: FnMut(Dispatch<'_, Notifier, Eventp<S>>) -> R + 'static,
        R: IntoFlow,
    {
        self.reactor.notifier(handler)
    }
}

/// The fields that are armed at registration.
pub(crate) const fn first_fields<T: Ports>() -> u64 {
    let (mut fields, mut field) = (0, 0);
    while field < T::FIELDS.len() {
        if T::FIELDS[field].armed {
            fields |= 1 << field;
        }
        field += 1;
    }
    fields
}

/// The fds that these fields of a subscriber have now, with their first interests.
pub(crate) fn find_fds<T: Ports>(
    subscriber: &T,
    fields: u64,
    wanted: &mut Vec<Wanted>,
) -> io::Result<()> {
    wanted.clear();
    let mut rest = fields;
    while rest != 0 {
        let field = rest.trailing_zeros() as u8;
        rest &= rest - 1;
        let mut number = 0usize;
        subscriber.ports(usize::from(field), &mut |fd, interest| {
            if let Ok(index) = u16::try_from(number) {
                wanted.push(Wanted::new(Port { field, index }, fd, interest));
            }
            number += 1;
        })?;
        if number > usize::from(u16::MAX) + 1 {
            let reason = "a field has more than 65,536 fds; divide them among several subscribers";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
    }
    Ok(())
}
