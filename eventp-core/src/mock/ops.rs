//! The operations behind [`Pinned`](crate::Pinned): each is carried out by `change.rs`, unless it is to fail, and recorded.
//!
//! A destructor runs last, when all is recorded.

use std::io;

use super::MockEventp;
use super::operation::Operation;
use super::registered::Type;
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
use crate::subscriber::Subscriber;

impl<S> MockEventp<S> {
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

fn kind_of(done: &Result<(), Error>) -> Option<io::ErrorKind> {
    done.as_ref().err().map(Error::kind)
}
