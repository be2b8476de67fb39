//! What is done with an event of a device, a subscriber with several fds: the same code for every peer.
//!
//! Handlers count by fd, in what the fds of a device share. Nothing is read: the eventfds stay ready, or are watched edge-triggered.

use crate::sys::Fd;
use crate::task::add_handled;

/// No device has more fds.
pub const MOST: usize = 6;

/// What a device does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its fds stay ready: level-triggered, not read.
    Ready,
    /// Its fds are rung: edge-triggered, not read.
    Rung,
    /// Its first fd, which stays ready, has the device watch the other five instead.
    Activated,
}

/// What the fds of a device share.
pub struct Counts(pub [u64; MOST]);

impl Counts {
    pub fn new() -> Self {
        Self([0; MOST])
    }

    #[inline]
    pub fn ready(&mut self, port: usize) {
        self.0[port] += 1;
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        add_handled(self.0.iter().sum());
    }
}

/// A peer with devices.
pub trait Devices: 'static {
    fn new(capacity: usize) -> Self
    where
        Self: Sized;
    /// Watches the fds of a device.
    fn add(&mut self, kind: Kind, fds: &[Fd]);
    /// Waits once and handles what is ready.
    fn turn(&mut self);
    /// Makes the first device inactive again: five fds are watched no longer, and the first is.
    fn deactivate(&mut self);
}
