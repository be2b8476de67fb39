//! Our devices: a field per fd and a method per field; where a device has fds of one kind, an array.

use std::io;

use eventp::{Eventp, EventpOps, Handle, Key, Pinned, Port, Register, handler, subscriber};

use crate::device::{Counts, Devices, Kind};
use crate::sys::Fd;

#[subscriber]
struct Four {
    #[fd(interest = read)]
    rx: Fd,
    #[fd(interest = read)]
    tx: Fd,
    #[fd(interest = read)]
    limiter: Fd,
    #[fd(interest = read)]
    tap: Fd,
    counts: Counts,
}

#[handler]
impl Four {
    #[on(rx)]
    fn received(&mut self) {
        self.counts.ready(0);
    }

    #[on(tx)]
    fn sent(&mut self) {
        self.counts.ready(1);
    }

    #[on(limiter)]
    fn refill(&mut self) {
        self.counts.ready(2);
    }

    #[on(tap)]
    fn frames(&mut self) {
        self.counts.ready(3);
    }
}

#[subscriber]
struct Six {
    #[fd(interest = read)]
    config: Fd,
    #[fd(interest = read)]
    rx: Fd,
    #[fd(interest = read)]
    tx: Fd,
    #[fd(interest = read)]
    rx_limiter: Fd,
    #[fd(interest = read)]
    tx_limiter: Fd,
    #[fd(interest = read)]
    tap: Fd,
    counts: Counts,
}

#[handler]
impl Six {
    #[on(config)]
    fn configured(&mut self) {
        self.counts.ready(0);
    }

    #[on(rx)]
    fn received(&mut self) {
        self.counts.ready(1);
    }

    #[on(tx)]
    fn sent(&mut self) {
        self.counts.ready(2);
    }

    #[on(rx_limiter)]
    fn rx_refill(&mut self) {
        self.counts.ready(3);
    }

    #[on(tx_limiter)]
    fn tx_refill(&mut self) {
        self.counts.ready(4);
    }

    #[on(tap)]
    fn frames(&mut self) {
        self.counts.ready(5);
    }
}

#[subscriber]
struct Activated {
    #[fd(interest = read)]
    activate: Fd,
    #[fd(interest = read, group = active)]
    queues: [Fd; 5],
    counts: Counts,
}

#[handler]
impl Activated {
    #[on(activate)]
    fn activated(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        self.counts.ready(0);
        reactor.disarm(key, Activated::ACTIVATE)?;
        reactor.arm(key, self, Activated::ACTIVE)
    }

    #[on(queues)]
    fn kicked(&mut self, port: Port) {
        self.counts.ready(1 + port.index());
    }
}

#[subscriber]
struct Rung<const N: usize> {
    #[fd(interest = doorbell)]
    queues: [Fd; N],
    counts: Counts,
}

#[handler]
impl<const N: usize> Rung<N> {
    #[on(queues)]
    fn kicked(&mut self, port: Port) {
        self.counts.ready(port.index());
    }
}

pub struct OurDevices {
    reactor: Eventp,
    activated: Option<Handle<Activated>>,
}

impl OurDevices {
    fn add_rung<const N: usize>(&mut self, fds: &[Fd]) -> io::Result<()> {
        let queues = fds.try_into().unwrap();
        Rung::<N> { queues, counts: Counts::new() }.register_into(&mut self.reactor).map(drop)
    }
}

impl Devices for OurDevices {
    fn new(capacity: usize) -> Self {
        let reactor = Eventp::builder().capacity(capacity).build().unwrap();
        Self { reactor, activated: None }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        let counts = Counts::new();
        match (kind, fds) {
            (Kind::Ready, &[rx, tx, limiter, tap]) => {
                Four { rx, tx, limiter, tap, counts }.register_into(&mut self.reactor).map(drop)
            }
            (Kind::Ready, &[config, rx, tx, rx_limiter, tx_limiter, tap]) => {
                Six { config, rx, tx, rx_limiter, tx_limiter, tap, counts }
                    .register_into(&mut self.reactor)
                    .map(drop)
            }
            (Kind::Activated, &[activate, ref queues @ ..]) => {
                let queues = queues.try_into().unwrap();
                let device = Activated { activate, queues, counts };
                device.register_into(&mut self.reactor).map(|handle| self.activated = Some(handle))
            }
            (Kind::Rung, _) => match fds.len() {
                1 => self.add_rung::<1>(fds),
                2 => self.add_rung::<2>(fds),
                3 => self.add_rung::<3>(fds),
                4 => self.add_rung::<4>(fds),
                5 => self.add_rung::<5>(fds),
                other => unreachable!("no workload has a device with {other} doorbells"),
            },
            (Kind::Ready, _) | (Kind::Activated, []) => {
                unreachable!("no workload has such a device")
            }
        }
        .unwrap();
    }

    #[inline]
    fn turn(&mut self) {
        self.reactor.run_once(None).unwrap();
    }

    fn deactivate(&mut self) {
        let device = self.activated.unwrap();
        self.reactor.disarm(device, Activated::ACTIVE).unwrap();
        self.reactor.arm(device, Activated::ACTIVATE).unwrap();
    }
}
