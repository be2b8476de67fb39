//! Our devices: structs with attributes.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use eventp::{Eventp, EventpOps, Handle, Key, Pinned, Port, Register, handler, subscriber};

use super::{Peer, Setting, VMM, device_fds, eventfd};

#[subscriber]
struct Device {
    #[fd(interest = read)]
    activate: OwnedFd,
    #[fd(interest = read, group = active)]
    rx: OwnedFd,
    #[fd(interest = read, group = active)]
    tx: OwnedFd,
    #[fd(interest = read, group = active)]
    rx_limiter: OwnedFd,
    #[fd(interest = read, group = active)]
    tx_limiter: OwnedFd,
    #[fd(interest = read, group = active)]
    tap: OwnedFd,
    counts: [u64; 6],
}

#[handler]
impl Device {
    #[on(activate)]
    fn activated(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        self.counts[0] += 1;
        reactor.disarm(key, Device::ACTIVATE)?;
        reactor.arm(key, self, Device::ACTIVE)
    }

    #[on(rx)]
    fn received(&mut self) {
        self.counts[1] += 1;
    }

    #[on(tx)]
    fn sent(&mut self) {
        self.counts[2] += 1;
    }

    #[on(rx_limiter)]
    fn rx_refill(&mut self) {
        self.counts[3] += 1;
    }

    #[on(tx_limiter)]
    fn tx_refill(&mut self) {
        self.counts[4] += 1;
    }

    #[on(tap)]
    fn frames(&mut self) {
        self.counts[5] += 1;
    }
}

/// A device of the virtual machine: so many fds of one kind.
#[subscriber]
struct Small<const N: usize> {
    #[fd(interest = read)]
    fds: [OwnedFd; N],
    count: u64,
}

#[handler]
impl<const N: usize> Small<N> {
    #[on(fds)]
    fn kicked(&mut self, port: Port) {
        debug_assert!(port.index() < N);
        self.count += 1;
    }
}

#[subscriber(interest = read)]
struct One {
    #[fd]
    fd: OwnedFd,
    count: u64,
}

#[handler]
impl One {
    #[on(readable)]
    fn kicked(&mut self) {
        self.count += 1;
    }
}

struct Ours<T> {
    reactor: Eventp,
    count: fn(&T) -> u64,
    device: Handle<T>,
    deactivate: fn(&mut Eventp, Handle<T>),
}

impl<T: 'static> Peer for Ours<T> {
    fn turn(&mut self) {
        self.reactor.run_once(None).unwrap();
    }

    fn deactivate(&mut self) {
        (self.deactivate)(&mut self.reactor, self.device);
    }

    fn events(self: Box<Self>) -> u64 {
        (self.count)(self.reactor.get(self.device).unwrap())
    }
}

pub(super) fn new(setting: Setting, shared: bool) -> Box<dyn Peer> {
    let mut reactor = Eventp::new().unwrap();
    if setting == Setting::OneFd {
        let one = One { fd: eventfd(true), count: 0 };
        return one_fd(reactor, one, shared);
    }
    if setting == Setting::Vmm {
        return vmm(reactor, shared);
    }
    let [activate, rx, tx, rx_limiter, tx_limiter, tap] = device_fds(setting);
    let counts = [0; 6];
    let device = Device { activate, rx, tx, rx_limiter, tx_limiter, tap, counts };
    let is_active = setting != Setting::Inactive;
    if shared {
        let device = Arc::new(Mutex::new(device)).register_into(&mut reactor).unwrap();
        if is_active {
            reactor.arm(device, Device::ACTIVE).unwrap();
        }
        let count = |device: &Arc<Mutex<Device>>| device.lock().unwrap().counts.iter().sum();
        let deactivate = |reactor: &mut Eventp, device| {
            reactor.disarm(device, Device::ACTIVE).unwrap();
            reactor.arm(device, Device::ACTIVATE).unwrap();
        };
        Box::new(Ours { reactor, count, device, deactivate })
    } else {
        let device = device.register_into(&mut reactor).unwrap();
        if is_active {
            reactor.arm(device, Device::ACTIVE).unwrap();
        }
        let deactivate = |reactor: &mut Eventp, device| {
            reactor.disarm(device, Device::ACTIVE).unwrap();
            reactor.arm(device, Device::ACTIVATE).unwrap();
        };
        let count = |device: &Device| device.counts.iter().sum();
        Box::new(Ours { reactor, count, device, deactivate })
    }
}

fn one_fd(mut reactor: Eventp, one: One, shared: bool) -> Box<dyn Peer> {
    if shared {
        let device = Arc::new(Mutex::new(one)).register_into(&mut reactor).unwrap();
        let count = |one: &Arc<Mutex<One>>| one.lock().unwrap().count;
        return Box::new(Ours { reactor, count, device, deactivate: |_, _| {} });
    }
    let device = one.register_into(&mut reactor).unwrap();
    Box::new(Ours { reactor, count: |one: &One| one.count, device, deactivate: |_, _| {} })
}

fn vmm(mut reactor: Eventp, shared: bool) -> Box<dyn Peer> {
    fn add<const N: usize>(reactor: &mut Eventp, shared: bool) {
        let small = Small { fds: [(); N].map(|()| eventfd(false)), count: 0 };
        if shared {
            Arc::new(Mutex::new(small)).register_into(reactor).map(drop).unwrap();
        } else {
            small.register_into(reactor).map(drop).unwrap();
        }
    }
    // The first of the net device's fds is the ready one; the others are as in `VMM`.
    let mut nth = 0;
    let fds = [(); VMM[0]].map(|()| {
        nth += 1;
        eventfd(nth == 1)
    });
    let net = Small { fds, count: 0 };
    add::<3>(&mut reactor, shared);
    add::<4>(&mut reactor, shared);
    add::<4>(&mut reactor, shared);
    add::<1>(&mut reactor, shared);
    add::<2>(&mut reactor, shared);
    add::<1>(&mut reactor, shared);
    add::<1>(&mut reactor, shared);
    add::<1>(&mut reactor, shared);
    if shared {
        let device = Arc::new(Mutex::new(net)).register_into(&mut reactor).unwrap();
        let count = |net: &Arc<Mutex<Small<5>>>| net.lock().unwrap().count;
        return Box::new(Ours { reactor, count, device, deactivate: |_, _| {} });
    }
    let device = net.register_into(&mut reactor).unwrap();
    Box::new(Ours { reactor, count: |net: &Small<5>| net.count, device, deactivate: |_, _| {} })
}
