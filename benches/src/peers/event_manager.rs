//! event-manager 0.4: a subscriber tells its fds apart by a number in the event. It has no state to lend.
//!
//! Subscribers are boxed trait objects, as what a program watches is of several types.

use std::os::fd::AsRawFd;

use ::event_manager::{
    EventManager, EventOps, Events, MutEventSubscriber, SubscriberId, SubscriberOps,
};
use vmm_sys_util::epoll::EventSet;

use super::{Peer, Watch};
use crate::device::{Counts, Devices, Kind, MOST};
use crate::sys::Fd;
use crate::task::Task;

struct One<T> {
    task: T,
    events: EventSet,
}

impl<T: Task<State = ()>> MutEventSubscriber for One<T> {
    fn process(&mut self, _events: Events, _ops: &mut EventOps) {
        self.task.ready(&mut ());
    }

    fn init(&mut self, ops: &mut EventOps) {
        ops.add(Events::new(self.task.fd(), self.events)).unwrap();
    }
}

type Boxed = Box<dyn MutEventSubscriber>;

pub struct Manager(EventManager<Boxed>);

impl<T: Task<State = ()>> Peer<T> for Manager {
    type Key = SubscriberId;

    fn new(capacity: usize) -> Self {
        Self(EventManager::new_with_capacity(capacity).unwrap())
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> SubscriberId {
        let events = events_of(watch == Watch::Edge);
        self.0.add_subscriber(Box::new(One { task, events }))
    }

    #[inline]
    fn delete(&mut self, key: SubscriberId) {
        self.0.remove_subscriber(key).unwrap();
    }

    #[inline(always)]
    fn turn(&mut self, (): &mut ()) {
        self.0.run().unwrap();
    }
}

fn events_of(edge_triggered: bool) -> EventSet {
    if edge_triggered { EventSet::IN | EventSet::EDGE_TRIGGERED } else { EventSet::IN }
}

/// Of two types, by whether the first fd activates the others.
struct Device<const ACTIVATED: bool> {
    kind: Kind,
    fds: Vec<Fd>,
    counts: Counts,
}

impl<const ACTIVATED: bool> Device<ACTIVATED> {
    fn watch(&self, ops: &mut EventOps, ports: core::ops::Range<usize>) {
        let events = events_of(self.kind == Kind::Rung);
        for port in ports {
            ops.add(Events::with_data(self.fds[port], port as u32, events)).unwrap();
        }
    }

    fn unwatch(&self, ops: &mut EventOps, ports: core::ops::Range<usize>) {
        ports.for_each(|port| ops.remove(Events::empty(self.fds[port])).unwrap());
    }
}

impl<const ACTIVATED: bool> MutEventSubscriber for Device<ACTIVATED> {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        let port = events.data() as usize;
        self.counts.ready(port);
        if ACTIVATED && port == 0 {
            self.unwatch(ops, 0..1);
            self.watch(ops, 1..MOST);
        }
    }

    fn init(&mut self, ops: &mut EventOps) {
        self.watch(ops, 0..if ACTIVATED { 1 } else { self.fds.len() });
    }
}

pub struct ManagerDevices {
    manager: EventManager<Boxed>,
    first: Option<(SubscriberId, Vec<Fd>)>,
}

impl Devices for ManagerDevices {
    fn new(capacity: usize) -> Self {
        Self { manager: EventManager::new_with_capacity(capacity).unwrap(), first: None }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        let (counts, its_fds) = (Counts::new(), fds.to_vec());
        let id = self.manager.add_subscriber(match kind {
            Kind::Activated => Box::new(Device::<true> { kind, fds: its_fds, counts }),
            Kind::Ready | Kind::Rung => Box::new(Device::<false> { kind, fds: its_fds, counts }),
        });
        self.first.get_or_insert_with(|| (id, fds.to_vec()));
    }

    #[inline(always)]
    fn turn(&mut self) {
        self.manager.run().unwrap();
    }

    fn deactivate(&mut self) {
        let (id, fds) = self.first.as_ref().unwrap();
        let mut ops = self.manager.event_ops(*id).unwrap();
        fds[1..].iter().for_each(|fd| ops.remove(Events::empty_raw(fd.as_raw_fd())).unwrap());
        ops.add(Events::with_data_raw(fds[0].as_raw_fd(), 0, EventSet::IN)).unwrap();
    }
}
