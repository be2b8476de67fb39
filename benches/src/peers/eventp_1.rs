//! eventp 1.0, the predecessor: one subscriber per fd. It has no state to lend; a device is in a cell that its subscribers share.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;

use ::eventp_1::epoll::EpollCreateFlags;
use ::eventp_1::subscriber::{Handler, HasInterest};
use ::eventp_1::thin::ThinBoxSubscriber;
use ::eventp_1::{Event, Eventp, EventpOps, EventpOpsAdd, Interest, Pinned, interest};

use super::{Peer, Watch};
use crate::device::{Counts, Devices, Kind, MOST};
use crate::sys::Fd;
use crate::task::Task;

struct One<T> {
    interest: Cell<Interest>,
    task: T,
}

impl<T: Task> AsFd for One<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.task.fd().as_fd()
    }
}

impl<T> HasInterest for One<T> {
    fn interest(&self) -> &Cell<Interest> {
        &self.interest
    }
}

impl<T: Task<State = ()>, Ep: EventpOps> Handler<Ep> for One<T> {
    fn handle(&mut self, _event: Event, _reactor: Pinned<'_, Ep>) {
        self.task.ready(&mut ());
    }
}

pub struct Eventp1(Eventp);

fn reactor(capacity: usize) -> Eventp {
    Eventp::new(capacity, EpollCreateFlags::EPOLL_CLOEXEC).unwrap()
}

fn interest_of(edge_triggered: bool) -> Cell<Interest> {
    let interest =
        if edge_triggered { interest().read().edge_triggered() } else { interest().read() };
    Cell::new(interest)
}

impl<T: Task<State = ()>> Peer<T> for Eventp1 {
    type Key = RawFd;

    fn new(capacity: usize) -> Self {
        Self(reactor(capacity))
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> RawFd {
        let number = task.fd().as_raw_fd();
        let subscriber = One { interest: interest_of(watch == Watch::Edge), task };
        self.0.add(ThinBoxSubscriber::new(subscriber)).unwrap();
        number
    }

    #[inline]
    fn delete(&mut self, number: RawFd) {
        self.0.delete(number).unwrap();
    }

    #[inline(always)]
    fn turn(&mut self, (): &mut ()) {
        self.0.run_once().unwrap();
    }
}

/// One fd of a device: perhaps the one that activates the others.
struct Port<const ACTIVATES: bool> {
    interest: Cell<Interest>,
    fd: Fd,
    port: usize,
    device: Rc<RefCell<Device>>,
}

struct Device {
    fds: Vec<Fd>,
    counts: Counts,
}

impl<const ACTIVATES: bool> AsFd for Port<ACTIVATES> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<const ACTIVATES: bool> HasInterest for Port<ACTIVATES> {
    fn interest(&self) -> &Cell<Interest> {
        &self.interest
    }
}

impl<const ACTIVATES: bool> Handler<Eventp> for Port<ACTIVATES> {
    fn handle(&mut self, _event: Event, mut reactor: Pinned<'_, Eventp>) {
        self.device.borrow_mut().counts.ready(self.port);
        if ACTIVATES {
            reactor.delete(self.fd.as_raw_fd()).unwrap();
            for port in 1..MOST {
                let sibling = Port::<false>::new(&self.device, port, false);
                reactor.add(ThinBoxSubscriber::new(sibling)).unwrap();
            }
        }
    }
}

impl<const ACTIVATES: bool> Port<ACTIVATES> {
    fn new(device: &Rc<RefCell<Device>>, port: usize, edge_triggered: bool) -> Self {
        let (fd, device) = (device.borrow().fds[port], Rc::clone(device));
        Self { interest: interest_of(edge_triggered), fd, port, device }
    }
}

pub struct Eventp1Devices {
    reactor: Eventp,
    devices: Vec<Rc<RefCell<Device>>>,
}

impl Devices for Eventp1Devices {
    fn new(capacity: usize) -> Self {
        Self { reactor: reactor(capacity), devices: Vec::new() }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        let device = Rc::new(RefCell::new(Device { fds: fds.to_vec(), counts: Counts::new() }));
        if kind == Kind::Activated {
            self.watch(Port::<true>::new(&device, 0, false));
        } else {
            for port in 0..fds.len() {
                self.watch(Port::<false>::new(&device, port, kind == Kind::Rung));
            }
        }
        self.devices.push(device);
    }

    #[inline(always)]
    fn turn(&mut self) {
        self.reactor.run_once().unwrap();
    }

    fn deactivate(&mut self) {
        let device = &self.devices[0];
        for port in 1..MOST {
            let number = device.borrow().fds[port].as_raw_fd();
            self.reactor.delete(number).unwrap();
        }
        let port = Port::<true>::new(device, 0, false);
        self.watch(port);
    }
}

impl Eventp1Devices {
    fn watch<const ACTIVATES: bool>(&mut self, port: Port<ACTIVATES>) {
        self.reactor.add(ThinBoxSubscriber::new(port)).unwrap();
    }
}
