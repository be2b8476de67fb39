//! polling 3: an event has a key, and the program has a table of what it stands for (`table.rs`).
//!
//! By default it is one-shot, which takes a `modify` per event: the modes that keep watching are used.

use std::num::NonZeroUsize;

use ::polling::{Event, Events, PollMode, Poller};

use super::table::{ByIndex, Entry, Table, Watcher, add_device};
use super::{Peer, Watch};
use crate::device::{Devices, Kind};
use crate::sys::Fd;
use crate::task::Task;

pub struct Polling<S> {
    poller: Poller,
    events: Events,
    tasks: ByIndex<Box<dyn Task<State = S>>>,
}

fn events(capacity: usize) -> Events {
    Events::with_capacity(NonZeroUsize::new(capacity).unwrap())
}

impl Watcher for Poller {
    #[inline]
    fn watch(&self, fd: Fd, number: usize, edge_triggered: bool) {
        let mode = if edge_triggered { PollMode::Edge } else { PollMode::Level };
        // SAFETY: a `Fd` is never closed.
        unsafe { self.add_with_mode(fd, Event::readable(number), mode) }.unwrap();
    }

    #[inline]
    fn unwatch(&self, fd: Fd) {
        self.delete(fd).unwrap();
    }
}

impl<T: Task> Peer<T> for Polling<T::State> {
    type Key = usize;

    fn new(capacity: usize) -> Self {
        let (poller, events) = (Poller::new().unwrap(), events(capacity));
        Self { poller, events, tasks: ByIndex::default() }
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> usize {
        let fd = task.fd();
        let key = self.tasks.insert(Box::new(task));
        self.poller.watch(fd, key, watch == Watch::Edge);
        key
    }

    #[inline]
    fn delete(&mut self, key: usize) {
        if let Some(task) = self.tasks.remove(key) {
            self.poller.unwatch(task.fd());
        }
    }

    #[inline(always)]
    fn turn(&mut self, state: &mut T::State) {
        self.events.clear();
        self.poller.wait(&mut self.events, None).unwrap();
        for event in self.events.iter() {
            if let Some(task) = self.tasks.get_mut(event.key) {
                task.ready(state);
            }
        }
    }
}

pub struct PollingDevices {
    poller: Poller,
    events: Events,
    devices: ByIndex<Entry<Poller>>,
}

impl Devices for PollingDevices {
    fn new(capacity: usize) -> Self {
        let (poller, events) = (Poller::new().unwrap(), events(capacity));
        Self { poller, events, devices: ByIndex::default() }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        add_device(&mut self.devices, &self.poller, kind, fds);
    }

    #[inline(always)]
    fn turn(&mut self) {
        self.events.clear();
        self.poller.wait(&mut self.events, None).unwrap();
        for event in self.events.iter() {
            let (place, port) = (event.key >> 3, event.key & 7);
            if let Some(device) = self.devices.get_mut(place) {
                device.ready(&self.poller, place, port);
            }
        }
    }

    fn deactivate(&mut self) {
        self.devices.get_mut(0).unwrap().deactivate(&self.poller, 0);
    }
}
