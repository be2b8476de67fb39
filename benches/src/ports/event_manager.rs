//! event-manager 0.4: one subscriber per device, which tells its fds apart by a number in the event.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::event_manager::{
    EventManager, EventOps, Events, MutEventSubscriber, SubscriberId, SubscriberOps,
};
use vmm_sys_util::epoll::EventSet;

use super::{Peer, Setting, VMM, device_fds, eventfd};

struct Device {
    fds: Vec<OwnedFd>,
    /// Whether the first fd activates the others.
    activates: bool,
    /// Whether the others are watched from the start.
    is_active: bool,
    counts: [u64; 6],
    /// To which the counts are added in the end.
    total: Arc<AtomicU64>,
}

impl Device {
    fn watch(&self, ops: &mut EventOps, from: usize, to: usize) {
        for (nth, fd) in self.fds.iter().enumerate().take(to).skip(from) {
            ops.add(Events::with_data(fd, nth as u32, EventSet::IN)).unwrap();
        }
    }

    fn unwatch(&self, ops: &mut EventOps, from: usize, to: usize) {
        for fd in &self.fds[from..to] {
            ops.remove(Events::empty(fd)).unwrap();
        }
    }
}

impl MutEventSubscriber for Device {
    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            0 if self.activates => {
                self.counts[0] += 1;
                self.unwatch(ops, 0, 1);
                self.watch(ops, 1, 6);
            }
            0 => self.counts[0] += 1,
            1 => self.counts[1] += 1,
            2 => self.counts[2] += 1,
            3 => self.counts[3] += 1,
            4 => self.counts[4] += 1,
            5 => self.counts[5] += 1,
            _ => unreachable!(),
        }
    }

    fn init(&mut self, ops: &mut EventOps) {
        if self.activates {
            self.watch(ops, 0, 1);
            if self.is_active {
                self.watch(ops, 1, 6);
            }
        } else {
            self.watch(ops, 0, self.fds.len());
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.total.fetch_add(self.counts.iter().sum(), Ordering::Relaxed);
    }
}

struct Manager<T> {
    manager: EventManager<T>,
    device: SubscriberId,
    fds: Vec<RawFd>,
    total: Arc<AtomicU64>,
}

impl<T: MutEventSubscriber> Peer for Manager<T> {
    fn turn(&mut self) {
        self.manager.run().unwrap();
    }

    fn deactivate(&mut self) {
        let mut ops = self.manager.event_ops(self.device).unwrap();
        for &fd in &self.fds[1..] {
            ops.remove(Events::empty_raw(fd)).unwrap();
        }
        ops.add(Events::with_data_raw(self.fds[0], 0, EventSet::IN)).unwrap();
    }

    fn events(self: Box<Self>) -> u64 {
        drop(self.manager);
        self.total.load(Ordering::Relaxed)
    }
}

pub(super) fn new(setting: Setting, shared: bool) -> Box<dyn Peer> {
    let total = Arc::default();
    let devices = devices(setting, &total);
    if shared {
        register(devices, total, |device| Arc::new(Mutex::new(device)))
    } else {
        register(devices, total, Box::new)
    }
}

fn devices(setting: Setting, total: &Arc<AtomicU64>) -> Vec<Device> {
    let device = |fds, activates| Device {
        fds,
        activates,
        is_active: activates && setting != Setting::Inactive,
        counts: [0; 6],
        total: Arc::clone(total),
    };
    match setting {
        Setting::OneFd => vec![device(vec![eventfd(true)], false)],
        Setting::Vmm => VMM
            .into_iter()
            .enumerate()
            .map(|(nth, fds)| (0..fds).map(|fd| eventfd((nth, fd) == (0, 0))).collect())
            .map(|fds| device(fds, false))
            .collect(),
        Setting::Active(_) | Setting::Inactive => vec![device(device_fds(setting).into(), true)],
    }
}

fn register<T: MutEventSubscriber + 'static>(
    devices: Vec<Device>,
    total: Arc<AtomicU64>,
    wrap: fn(Device) -> T,
) -> Box<dyn Peer> {
    let mut manager = EventManager::new().unwrap();
    let fds = devices[0].fds.iter().map(AsRawFd::as_raw_fd).collect();
    let mut ids = devices.into_iter().map(|device| manager.add_subscriber(wrap(device)));
    let device = ids.next().unwrap();
    ids.for_each(drop);
    Box::new(Manager { manager, device, fds, total })
}
