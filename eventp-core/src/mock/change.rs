//! What operations change, and what they refuse first.
//!
//! The checks, and their order, are those of the real reactor's engine. User code (`ports`) is asked before anything is changed: wherever it panics, the
//! reactor stays usable.

use std::io;

use super::MockEventp;
use super::fire::Triggered;
use super::registered::{Registered, Type, Watched};
use crate::engine::Wanted;
use crate::error::Error;
use crate::event::Event;
use crate::interest::Interest;
use crate::key::{Handle, Key};
use crate::ops::Running;
use crate::ports::{PortKey, PortSet, Ports};
use crate::reactor::find_fds;
use crate::refusal;
use crate::subscriber::Subscriber;

/// An errno of the kernel's, where there is no kernel.
fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

impl<S> MockEventp<S> {
    /// Watches all of these, or says which cannot be.
    fn watch(
        &mut self,
        operation: &'static str,
        key: Option<Key>,
        kind: &Type<S>,
        wanted: &[Wanted],
    ) -> Result<Vec<Watched>, Error> {
        let mut watched: Vec<Watched> = Vec::with_capacity(wanted.len());
        for &Wanted { port, fd, interest, .. } in wanted {
            let mut others = self.subscribers.values().flat_map(|it| &it.ports).chain(&watched);
            let refused = if fd < 0 {
                libc::EBADF
            } else if others.any(|other| other.fd == fd) {
                libc::EEXIST
            } else {
                self.armings += 1;
                let (arming, changed) = (self.armings, self.serial);
                watched.push(Watched { arming, port, fd, interest, fired: false, changed });
                continue;
            };
            return Err(kind.error_at(operation, key, (port, fd), errno(refused)));
        }
        Ok(watched)
    }

    /// The checks of [`arm`](crate::Pinned::arm) before any fd is asked for.
    fn check_arm<T: Ports + 'static>(&self, key: Key) -> Result<&Registered<S>, Error> {
        let registered = self.find("arm", key)?;
        if registered.kind.struct_id != T::struct_id() {
            return Err(Error::unknown("arm", key));
        }
        if registered.kind.one {
            return Err(registered.error("arm", key, refusal::always_armed()));
        }
        Ok(registered)
    }

    /// The fds to be armed: of `subscriber` or, without one, of the value that is registered here.
    pub(super) fn find_wanted<T: Ports + 'static>(
        &self,
        key: Key,
        subscriber: Option<&T>,
        ports: PortSet<T::Struct>,
    ) -> Result<Vec<Wanted>, Error> {
        let registered = self.check_arm::<T>(key)?;
        let mut wanted = Vec::new();
        let Some(subscriber) = subscriber.or_else(|| registered.value()) else {
            return Err(Error::unknown("arm", key));
        };
        find_fds(subscriber, ports.fields(), &mut wanted)
            .map_err(|error| registered.error("arm", key, error))?;
        if wanted.iter().any(|wanted| !registered.kind.has_field(wanted.port.field)) {
            return Err(registered.error("arm", key, refusal::no_such_field()));
        }
        Ok(wanted)
    }

    pub(super) fn arm_wanted(&mut self, key: Key, wanted: &[Wanted]) -> Result<(), Error> {
        let registered = self.find("arm", key)?;
        let kind = registered.kind;
        let is_armed = |it: &&Wanted| registered.ports.iter().any(|port| port.port == it.port);
        if let Some(again) = wanted.iter().find(is_armed) {
            let place = (again.port, again.fd);
            return Err(kind.error_at("arm", Some(key), place, refusal::armed_already()));
        }
        let watched = self.watch("arm", Some(key), &kind, wanted)?;
        if let Some(registered) = self.subscribers.get_mut(&key) {
            registered.ports.extend(watched);
        }
        Ok(())
    }

    pub(super) fn change(&mut self, ports: PortKey, interest: Interest) -> Result<(), Error> {
        let serial = self.serial;
        let key = ports.key;
        let Some(registered) = self.subscribers.get_mut(&key) else {
            return Err(Error::unknown("modify", key));
        };
        let selected = registered.select("modify", ports)?;
        for &place in &selected {
            let port = registered.ports[place];
            refusal::check_exclusive(port.interest, interest)
                .map_err(|error| registered.error_at("modify", key, &port, error))?;
        }
        for place in selected {
            let port = &mut registered.ports[place];
            (port.interest, port.fired, port.changed) = (interest, false, serial);
        }
        Ok(())
    }

    pub(super) fn unwatch(&mut self, ports: PortKey) -> Result<(), Error> {
        let key = ports.key;
        let Some(registered) = self.subscribers.get_mut(&key) else {
            return Err(Error::unknown("disarm", key));
        };
        registered.select("disarm", ports)?;
        if registered.kind.one {
            return Err(registered.error("disarm", key, refusal::never_disarmed()));
        }
        let only = ports.only;
        registered.ports.retain(|it| !only.is_some_and(|only| only.has(it.port)));
        Ok(())
    }

    pub(super) fn trigger_later(&mut self, ports: PortKey, event: Event) -> Result<(), Error> {
        let key = ports.key;
        let registered = self.find("trigger", key)?;
        let selected = registered.select("trigger", ports)?;
        let chosen: Vec<Watched> = selected.iter().map(|&it| registered.ports[it]).collect();
        if let Some(silent) = chosen.iter().find(|port| port.fired) {
            return Err(registered.error_at("trigger", key, silent, refusal::not_to_trigger()));
        }
        let triggered = chosen.iter().map(|it| Triggered { key, port: it.port, event });
        self.triggered.extend(triggered);
        Ok(())
    }

    /// Makes a value a subscriber.
    pub(super) fn register<T: Subscriber<Self>>(
        &mut self,
        subscriber: T,
        kind: Type<S>,
        wanted: &[Wanted],
    ) -> Result<Key, (T, Error)> {
        let ports = match self.watch("add", None, &kind, wanted) {
            Ok(ports) => ports,
            Err(error) => return Err((subscriber, error)),
        };
        let key = self.next_key;
        self.next_key.slot += 1;
        let value = Some(Box::new(subscriber) as _);
        self.subscribers.insert(key, Registered { value, kind, ports });
        Ok(key)
    }

    /// Lends the value of another subscriber than the one whose handler runs.
    pub(super) fn lend<T: 'static>(
        &mut self,
        by: Running,
        handle: Handle<T>,
    ) -> Result<&mut T, Error> {
        let key = handle.key();
        let registered = self.find_as("get", handle)?;
        if by.is(key) {
            return Err(registered.error("get", key, refusal::running()));
        }
        let value = self.subscribers.get_mut(&key).and_then(|it| it.value.as_mut());
        value.and_then(|value| value.downcast_mut()).ok_or_else(|| Error::unknown("get", key))
    }
}
