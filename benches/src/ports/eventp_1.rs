//! eventp 1.0: one subscriber per fd; the device is in a cell that its subscribers share.

use std::cell::RefCell;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use eventp_1::tri_subscriber::WithHandler;
use eventp_1::{Eventp, EventpOps, Pinned, Subscriber, interest};

use super::{Peer, Setting, VMM, device_fds, eventfd};

/// What the subscribers of a device share.
struct Device {
    fds: Vec<OwnedFd>,
    counts: [u64; 6],
}

/// `Rc<RefCell<Device>>`, or `Arc<Mutex<Device>>`.
trait Cell: Clone + 'static {
    fn new(device: Device) -> Self;
    fn with<R>(&self, f: impl FnOnce(&mut Device) -> R) -> R;
}

impl Cell for Rc<RefCell<Device>> {
    fn new(device: Device) -> Self {
        Rc::new(RefCell::new(device))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Device) -> R) -> R {
        f(&mut self.borrow_mut())
    }
}

impl Cell for Arc<Mutex<Device>> {
    fn new(device: Device) -> Self {
        Arc::new(Mutex::new(device))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Device) -> R) -> R {
        f(&mut self.lock().unwrap())
    }
}

/// An fd that the device owns.
struct Number(RawFd);

impl AsFd for Number {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the device, and with it the fd, lives as long as the benchmark.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

fn watch<C: Cell>(reactor: &mut impl Registrar, device: &C, nth: usize) {
    let number = Number(device.with(|device| device.fds[nth].as_raw_fd()));
    let device = device.clone();
    let subscriber = interest().read().with_fd(number).with_handler(move || {
        device.with(|device| device.counts[nth] += 1);
    });
    reactor.register(subscriber);
}

fn watch_activation<C: Cell>(reactor: &mut Eventp, device: &C) {
    let number = Number(device.with(|device| device.fds[0].as_raw_fd()));
    let device = device.clone();
    let activate = move |fd: &mut Number, mut reactor: Pinned<'_, Eventp>| {
        device.with(|device| device.counts[0] += 1);
        reactor.delete(fd.0).unwrap();
        for nth in 1..6 {
            watch(&mut reactor, &device, nth);
        }
    };
    interest().read().with_fd(number).with_handler(activate).register_into(reactor).unwrap();
}

/// The reactor from outside and from inside of a handler.
trait Registrar {
    fn register(&mut self, subscriber: impl Subscriber<Eventp>);
}

impl Registrar for Eventp {
    fn register(&mut self, subscriber: impl Subscriber<Eventp>) {
        subscriber.register_into(self).unwrap();
    }
}

impl Registrar for Pinned<'_, Eventp> {
    fn register(&mut self, subscriber: impl Subscriber<Eventp>) {
        subscriber.register_into(self).unwrap();
    }
}

struct Reactor<C> {
    reactor: Eventp,
    device: C,
}

impl<C: Cell> Peer for Reactor<C> {
    fn turn(&mut self) {
        self.reactor.run_once().unwrap();
    }

    fn deactivate(&mut self) {
        for nth in 1..6 {
            let number = self.device.with(|device| device.fds[nth].as_raw_fd());
            self.reactor.delete(number).unwrap();
        }
        watch_activation(&mut self.reactor, &self.device);
    }

    fn events(self: Box<Self>) -> u64 {
        self.device.with(|device| device.counts.iter().sum())
    }
}

pub(super) fn new(setting: Setting, shared: bool) -> Box<dyn Peer> {
    if shared { make::<Arc<Mutex<Device>>>(setting) } else { make::<Rc<RefCell<Device>>>(setting) }
}

fn make<C: Cell>(setting: Setting) -> Box<dyn Peer> {
    let mut reactor = Eventp::default();
    let cell = |fds| C::new(Device { fds, counts: [0; 6] });
    let device = match setting {
        Setting::OneFd => {
            let device = cell(vec![eventfd(true)]);
            watch(&mut reactor, &device, 0);
            device
        }
        Setting::Vmm => {
            let mut devices = Vec::new();
            for (nth, fds) in VMM.into_iter().enumerate() {
                let device = cell((0..fds).map(|fd| eventfd((nth, fd) == (0, 0))).collect());
                for fd in 0..fds {
                    watch(&mut reactor, &device, fd);
                }
                devices.push(device);
            }
            devices.swap_remove(0)
        }
        Setting::Active(_) => {
            let device = cell(device_fds(setting).into());
            watch_activation(&mut reactor, &device);
            for nth in 1..6 {
                watch(&mut reactor, &device, nth);
            }
            device
        }
        Setting::Inactive => {
            let device = cell(device_fds(setting).into());
            watch_activation(&mut reactor, &device);
            device
        }
    };
    Box::new(Reactor { reactor, device })
}
