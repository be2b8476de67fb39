//! mio 1: an event has a token, and the program has a table of what it stands for (`table.rs`).
//!
//! mio watches edge-triggered only. For the workloads whose fds stay ready, they are put into its epoll instance by hand, level-triggered: its
//! dispatch is the same.

pub mod server;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use ::mio::unix::SourceFd;
use ::mio::{Events, Interest, Poll, Token};

use super::table::{ByHash, ByIndex, Entry, Table, Watcher, add_device};
use super::{Peer, Watch};
use crate::device::{Devices, Kind};
use crate::sys::{self, Fd};
use crate::task::Task;

type Boxed<S> = Box<dyn Task<State = S>>;

pub struct Mio<Tasks> {
    poll: Poll,
    events: Events,
    tasks: Tasks,
}

pub type MioVec<S> = Mio<ByIndex<Boxed<S>>>;
pub type MioMap<S> = Mio<ByHash<Boxed<S>>>;

impl<T: Task, Tasks: Table<Boxed<T::State>>> Peer<T> for Mio<Tasks> {
    type Key = usize;

    fn new(capacity: usize) -> Self {
        let (poll, events) = (Poll::new().unwrap(), Events::with_capacity(capacity));
        Self { poll, events, tasks: Tasks::default() }
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> usize {
        let fd = task.fd();
        let token = self.tasks.insert(Box::new(task));
        self.poll.watch(fd, token, watch == Watch::Edge);
        token
    }

    #[inline]
    fn delete(&mut self, token: usize) {
        if let Some(task) = self.tasks.remove(token) {
            self.poll.unwatch(task.fd());
        }
    }

    #[inline(always)]
    fn turn(&mut self, state: &mut T::State) {
        self.poll.poll(&mut self.events, None).unwrap();
        for event in &self.events {
            if let Some(task) = self.tasks.get_mut(event.token().0) {
                task.ready(state);
            }
        }
    }
}

impl Watcher for Poll {
    #[inline]
    fn watch(&self, fd: Fd, number: usize, edge_triggered: bool) {
        if edge_triggered {
            let number = Token(number);
            let source = &mut SourceFd(&fd.as_raw_fd());
            self.registry().register(source, number, Interest::READABLE).unwrap();
        } else {
            // SAFETY: `self` is borrowed, and its fd is open as long as it is.
            let epoll = unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) };
            sys::add(epoll, fd.as_fd(), libc::EPOLLIN, number as u64);
        }
    }

    #[inline]
    fn unwatch(&self, fd: Fd) {
        self.registry().deregister(&mut SourceFd(&fd.as_raw_fd())).unwrap();
    }
}

pub struct MioDevices<Devices> {
    poll: Poll,
    events: Events,
    devices: Devices,
}

pub type MioVecDevices = MioDevices<ByIndex<Entry<Poll>>>;
pub type MioMapDevices = MioDevices<ByHash<Entry<Poll>>>;

impl<Entries: Table<Entry<Poll>>> Devices for MioDevices<Entries> {
    fn new(capacity: usize) -> Self {
        let (poll, events) = (Poll::new().unwrap(), Events::with_capacity(capacity));
        Self { poll, events, devices: Entries::default() }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        add_device(&mut self.devices, &self.poll, kind, fds);
    }

    #[inline(always)]
    fn turn(&mut self) {
        self.poll.poll(&mut self.events, None).unwrap();
        for event in &self.events {
            let (place, port) = (event.token().0 >> 3, event.token().0 & 7);
            if let Some(device) = self.devices.get_mut(place) {
                device.ready(&self.poll, place, port);
            }
        }
    }

    fn deactivate(&mut self) {
        self.devices.get_mut(0).unwrap().deactivate(&self.poll, 0);
    }
}
