//! Devices by hand: a record per fd, each with a function of its own, and a pointer to what they share.

use super::{Call, Loop};
use crate::device::{Counts, Devices, Kind, MOST};
use crate::sys::Fd;

#[repr(C)]
#[derive(Clone, Copy)]
struct Port {
    call: Call<Actions>,
    device: *mut Device,
}

struct Device {
    ports: [Port; MOST],
    fds: Vec<Fd>,
    counts: Counts,
}

/// What a handler wants done when it has returned: the loop is not at hand there.
#[derive(Default)]
struct Actions {
    activate: bool,
}

pub struct RawDevices {
    inner: Loop,
    devices: Vec<*mut Device>,
}

impl RawDevices {
    #[inline(never)]
    fn activate(&self) {
        self.unwatch(self.devices[0], 0..1);
        self.watch(self.devices[0], 1..MOST, libc::EPOLLIN);
    }

    fn watch(&self, device: *mut Device, ports: core::ops::Range<usize>, events: i32) {
        for port in ports {
            // SAFETY: devices are freed in `drop` only.
            let (record, fd) = unsafe { (&raw mut (*device).ports[port], (&(*device).fds)[port]) };
            self.inner.epoll.add(fd, events, record.expose_provenance() as u64);
        }
    }

    fn unwatch(&self, device: *mut Device, ports: core::ops::Range<usize>) {
        for port in ports {
            // SAFETY: as above.
            self.inner.epoll.delete(unsafe { (&(*device).fds)[port] });
        }
    }
}

impl Devices for RawDevices {
    fn new(capacity: usize) -> Self {
        Self { inner: Loop::new(capacity), devices: Vec::new() }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        let calls = [port::<0>, port::<1>, port::<2>, port::<3>, port::<4>, port::<5>];
        let calls: [Call<Actions>; MOST] = calls.map(|call| call as Call<Actions>);
        let empty = [Port { call: activated, device: core::ptr::null_mut() }; MOST];
        let device = Device { ports: empty, fds: fds.to_vec(), counts: Counts::new() };
        let device = Box::into_raw(Box::new(device));
        for (nth, call) in calls.into_iter().enumerate() {
            let call = if (kind, nth) == (Kind::Activated, 0) { activated } else { call };
            // SAFETY: just allocated.
            unsafe { (*device).ports[nth] = Port { call, device } };
        }
        self.devices.push(device);
        match kind {
            Kind::Ready => self.watch(device, 0..fds.len(), libc::EPOLLIN),
            Kind::Rung => self.watch(device, 0..fds.len(), libc::EPOLLIN | libc::EPOLLET),
            Kind::Activated => self.watch(device, 0..1, libc::EPOLLIN),
        }
    }

    #[inline]
    fn turn(&mut self) {
        let mut actions = Actions::default();
        // SAFETY: devices are freed in `drop` only, and each port starts with a call.
        unsafe { self.inner.turn(&mut actions) };
        if actions.activate {
            self.activate();
        }
    }

    fn deactivate(&mut self) {
        self.unwatch(self.devices[0], 1..MOST);
        self.watch(self.devices[0], 0..1, libc::EPOLLIN);
    }
}

impl Drop for RawDevices {
    fn drop(&mut self) {
        // SAFETY: from `add`, and the loop ends here.
        self.devices.drain(..).for_each(|device| drop(unsafe { Box::from_raw(device) }));
    }
}

/// # Safety
///
/// `record` is a `Port` whose device is allocated and used by nobody else.
unsafe fn port<const PORT: usize>(record: *mut (), _events: u32, _actions: &mut Actions) {
    // SAFETY: the caller's promise.
    unsafe { (*(*record.cast::<Port>()).device).counts.ready(PORT) }
}

/// # Safety
///
/// As for [`port`].
unsafe fn activated(record: *mut (), _events: u32, actions: &mut Actions) {
    // SAFETY: the caller's promise.
    unsafe { (*(*record.cast::<Port>()).device).counts.ready(0) };
    actions.activate = true;
}
