//! A virtqueue, and the frames that go through it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest Ethernet frame without its checksum.
pub(crate) const MAX_FRAME: usize = 1514;

/// What driver and device share. On a machine it lies in the guest's memory; here both have an `Arc` of it.
#[derive(Clone, Default)]
pub(crate) struct Virtqueue(Arc<Mutex<Rings>>);

#[derive(Default)]
struct Rings {
    /// Buffers that the driver has made available to the device: full ones to transmit, empty ones to receive into.
    available: VecDeque<Vec<u8>>,
    /// Buffers that the device has used and gives back.
    used: VecDeque<Vec<u8>>,
}

impl Virtqueue {
    fn rings(&self) -> MutexGuard<'_, Rings> {
        // Each operation is one push or one pop: there is no half-done state that a panic could leave.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The driver hands a buffer over.
    pub(crate) fn offer(&self, buffer: Vec<u8>) {
        self.rings().available.push_back(buffer);
    }

    /// The driver gets a buffer back.
    pub(crate) fn reclaim(&self) -> Option<Vec<u8>> {
        self.rings().used.pop_front()
    }

    /// The device takes the next buffer.
    pub(crate) fn pop(&self) -> Option<Vec<u8>> {
        self.rings().available.pop_front()
    }

    /// The device cannot use the buffer yet: it will be the next again.
    pub(crate) fn undo_pop(&self, buffer: Vec<u8>) {
        self.rings().available.push_front(buffer);
    }

    /// The device is done with a buffer.
    pub(crate) fn finish(&self, buffer: Vec<u8>) {
        self.rings().used.push_back(buffer);
    }
}

/// A frame that differs from all others of the run in content, and from its neighbours in length.
pub(crate) fn frame(sender: u8, number: u32) -> Vec<u8> {
    let length = 60 + number as usize * 601 % (MAX_FRAME - 59);
    let mut frame = vec![sender; length];
    frame[1..5].copy_from_slice(&number.to_be_bytes());
    for (at, byte) in frame.iter_mut().enumerate().skip(5) {
        *byte = (at as u32 ^ number) as u8;
    }
    frame
}
