//! The operations behind [`Pinned`](crate::Pinned), done without a kernel: each is looked up, checked, recorded and carried out.
//!
//! The checks, and their order, are those of the real reactor's engine. User code (`ports`, a destructor) runs before anything is changed, or after all is:
//! wherever it panics, the reactor stays usable.

use std::io;

use super::MockEventp;
use super::fire::Triggered;
use super::operation::Operation;
use super::registered::{Registered, Type, Watched};
use crate::engine::Wanted;
use crate::entry::PortEntry;
use crate::error::Error;
use crate::event::Event;
use crate::interest::Interest;
use crate::key::{Handle, Key};
use crate::ops::Running;
use crate::ops::sealed::Ops;
use crate::ports::{PortKey, PortSet, Ports};
use crate::reactor::{find_fds, first_fields};
use crate::refusal;
use crate::subscriber::Subscriber;

/// An errno of the kernel's, where there is no kernel.
fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

impl<S> MockEventp<S> {
    /// Counts an operation, and says what it is to fail with.
    fn next_failure(&mut self) -> Option<io::Error> {
        self.made += 1;
        let due = self.failures.iter().position(|&(nth, _)| nth <= self.made)?;
        Some(self.failures.remove(due).1)
    }

    fn type_name(&self, key: Key) -> Option<&'static str> {
        self.subscribers.get(&key).map(|registered| registered.kind.name)
    }

    fn entries(&self, ports: PortKey) -> Vec<PortEntry> {
        self.subscribers.get(&ports.key).map_or_else(Vec::new, |it| it.entries(ports))
    }

    /// The error of an operation that was told to fail: of the port that it would have concerned first.
    fn failure(&self, operation: &'static str, ports: PortKey, error: io::Error) -> Error {
        let key = ports.key;
        let Some(registered) = self.subscribers.get(&key) else {
            return Error::naming(operation, Some(key), None, error);
        };
        match registered.ports.iter().find(|port| registered.means(ports, port)) {
            Some(port) => registered.error_at(operation, key, port, error),
            None => registered.error(operation, key, error),
        }
    }

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
    fn find_wanted<T: Ports + 'static>(
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

    fn arm_wanted(&mut self, key: Key, wanted: &[Wanted]) -> Result<(), Error> {
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

    /// Arms, unless it is to fail, and records that.
    fn arm_and_record(&mut self, key: Key, found: Result<Vec<Wanted>, Error>) -> io::Result<()> {
        let failure = self.next_failure();
        let wanted = found.as_deref().unwrap_or_default();
        let ports = self.subscribers.get(&key).map_or_else(Vec::new, |it| {
            wanted.iter().map(|w| it.kind.entry(w.port, w.fd, w.interest)).collect()
        });
        let armed = match (failure, found) {
            (None, Ok(wanted)) => self.arm_wanted(key, &wanted),
            (None, Err(error)) => Err(error),
            (Some(failure), Ok(wanted)) => Err(match (self.subscribers.get(&key), &wanted[..]) {
                (Some(it), [first, ..]) => {
                    it.kind.error_at("arm", Some(key), (first.port, first.fd), failure)
                }
                _ => self.failure("arm", key.into(), failure),
            }),
            (Some(failure), Err(_)) => Err(self.failure("arm", key.into(), failure)),
        };
        let (type_name, error) = (self.type_name(key), kind_of(&armed));
        self.operations.push(Operation::Arm { key, type_name, ports, error });
        armed.map_err(io::Error::from)
    }

    fn change(&mut self, ports: PortKey, interest: Interest) -> Result<(), Error> {
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

    fn unwatch(&mut self, ports: PortKey) -> Result<(), Error> {
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

    fn trigger_later(&mut self, ports: PortKey, event: Event) -> Result<(), Error> {
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
    fn register<T: Subscriber<Self>>(
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
}

impl<S> Ops for MockEventp<S> {
    fn op_add<T: Subscriber<Self>>(&mut self, subscriber: T) -> Result<Handle<T>, (T, io::Error)> {
        let kind = Type::of::<T>();
        let mut wanted = Vec::new();
        let asked = find_fds(&subscriber, first_fields::<T>(), &mut wanted);
        let ports = wanted.iter().map(|w| kind.entry(w.port, w.fd, w.interest)).collect();
        if asked.is_err() {
            wanted.clear();
        }
        let failure = self.next_failure().or(asked.err());
        let added = match failure {
            None => self.register(subscriber, kind, &wanted),
            Some(failure) => Err((
                subscriber,
                match &wanted[..] {
                    [first, ..] => kind.error_at("add", None, (first.port, first.fd), failure),
                    [] => Error::naming("add", None, Some(kind.name), failure),
                },
            )),
        };
        let key = added.as_ref().ok().copied();
        let error = added.as_ref().err().map(|(_, error)| error.kind());
        self.operations.push(Operation::Add { key, type_name: kind.name, ports, error });
        added.map(Handle::new).map_err(|(subscriber, error)| (subscriber, error.into()))
    }

    fn op_modify(&mut self, ports: PortKey, interest: Interest) -> io::Result<()> {
        let (type_name, entries) = (self.type_name(ports.key), self.entries(ports));
        let changed = match self.next_failure() {
            Some(failure) => Err(self.failure("modify", ports, failure)),
            None => self.change(ports, interest),
        };
        let (key, error) = (ports.key, kind_of(&changed));
        self.operations.push(Operation::Modify { key, type_name, ports: entries, interest, error });
        changed.map_err(io::Error::from)
    }

    fn op_arm<T: Ports + 'static>(
        &mut self,
        key: Key,
        subscriber: &T,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let found = self.find_wanted(key, Some(subscriber), ports);
        self.arm_and_record(key, found)
    }

    fn op_arm_other<T: Ports + 'static>(
        &mut self,
        by: Running,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let key = handle.key();
        let found = match self.lend(by, handle) {
            Ok(_) => self.find_wanted::<T>(key, None, ports),
            Err(error) => Err(error),
        };
        self.arm_and_record(key, found)
    }

    fn op_disarm(&mut self, ports: PortKey) -> io::Result<()> {
        let (type_name, entries) = (self.type_name(ports.key), self.entries(ports));
        let disarmed = match self.next_failure() {
            Some(failure) => Err(self.failure("disarm", ports, failure)),
            None => self.unwatch(ports),
        };
        let (key, error) = (ports.key, kind_of(&disarmed));
        self.operations.push(Operation::Disarm { key, type_name, ports: entries, error });
        disarmed.map_err(io::Error::from)
    }

    fn op_delete(&mut self, _by: Running, key: Key) -> io::Result<()> {
        let type_name = self.type_name(key);
        let removed = match self.next_failure() {
            Some(failure) => Err(self.failure("delete", key.into(), failure)),
            None => self.subscribers.remove(&key).ok_or_else(|| Error::unknown("delete", key)),
        };
        let error = removed.as_ref().err().map(Error::kind);
        self.operations.push(Operation::Delete { key, type_name, error });
        // Its destructor runs last. That of the running subscriber is not here: see `fire.rs`.
        removed.map(drop).map_err(io::Error::from)
    }

    fn op_stop(&mut self) {
        self.operations.push(Operation::Stop);
        self.is_stopping = true;
    }

    fn op_trigger(&mut self, ports: PortKey, event: Event) -> io::Result<()> {
        let (type_name, entries) = (self.type_name(ports.key), self.entries(ports));
        let triggered = match self.next_failure() {
            Some(failure) => Err(self.failure("trigger", ports, failure)),
            None => self.trigger_later(ports, event),
        };
        let (key, error) = (ports.key, kind_of(&triggered));
        self.operations.push(Operation::Trigger { key, type_name, ports: entries, event, error });
        triggered.map_err(io::Error::from)
    }

    fn op_interest(&self, ports: PortKey) -> io::Result<Interest> {
        let registered = self.find("interest", ports.key)?;
        let selected = registered.select("interest", ports)?;
        Ok(registered.ports[selected[0]].interest)
    }

    fn op_contains(&self, key: Key) -> bool {
        self.subscribers.contains_key(&key)
    }

    fn op_handle<T: 'static>(&self, key: Key) -> io::Result<Handle<T>> {
        self.find_as::<T>("get", Handle::new(key))?;
        Ok(Handle::new(key))
    }

    fn op_get_mut<T: 'static>(&mut self, by: Running, handle: Handle<T>) -> io::Result<&mut T> {
        self.lend(by, handle).map_err(io::Error::from)
    }
}

impl<S> MockEventp<S> {
    fn lend<T: 'static>(&mut self, by: Running, handle: Handle<T>) -> Result<&mut T, Error> {
        let key = handle.key();
        let registered = self.find_as("get", handle)?;
        if by.is(key) {
            return Err(registered.error("get", key, refusal::running()));
        }
        let value = self.subscribers.get_mut(&key).and_then(|it| it.value.as_mut());
        value.and_then(|value| value.downcast_mut()).ok_or_else(|| Error::unknown("get", key))
    }
}

fn kind_of(done: &Result<(), Error>) -> Option<io::ErrorKind> {
    done.as_ref().err().map(Error::kind)
}
