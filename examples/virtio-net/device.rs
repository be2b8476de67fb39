//! The device. Its declaration is all there is of the reactor in it: which fds, for what, and which method is called.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use eventp::{Doorbell, EventpOps, Key, Pinned, Port, handler, subscriber};

use crate::limiter::RateLimiter;
use crate::queue::{MAX_FRAME, Virtqueue};

/// The queues, by their index on the bus (virtio 1.2, 5.1.2).
pub(crate) const RX: usize = 0;
pub(crate) const TX: usize = 1;

/// How much passes in each direction in each period.
const BUCKET: usize = 48 * 1024;
const PERIOD: Duration = Duration::from_millis(50);

#[subscriber]
pub(crate) struct Net {
    #[fd(interest = doorbell)]
    activate: Doorbell,
    #[fd(interest = doorbell, group = active)]
    queues: Vec<Doorbell>,
    #[fd(interest = read, group = active)]
    rx_limiter: RateLimiter,
    #[fd(interest = read, group = active)]
    tx_limiter: RateLimiter,
    #[fd(interest = read | write | edge_triggered, group = active)]
    tap: UnixDatagram,
    /// Rung to interrupt the guest: an irqfd.
    interrupt: Doorbell,
    virtqueues: [Virtqueue; 2],
    mac: [u8; 6],
    frame: [u8; MAX_FRAME],
    /// The length of a `frame` that was read from the tap but could not be given to the guest yet.
    deferred: Option<usize>,
    pub(crate) counters: Counters,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) rx_frames: u32,
    pub(crate) tx_frames: u32,
    pub(crate) rx_deferred: u32,
    pub(crate) rx_without_buffer: u32,
    pub(crate) tx_tap_full: u32,
    pub(crate) kicks: u32,
    pub(crate) interrupts: u32,
}

#[handler]
impl Net {
    /// Until the driver is ready, only `activate` is watched; from then on, everything else.
    #[on(activate)]
    fn activated(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        println!("device: activated; from now on its queues, limiters and tap are watched");
        reactor.disarm(key, Net::ACTIVATE)?;
        reactor.arm(key, self, Net::ACTIVE)
    }

    #[on(queues)]
    fn kicked(&mut self, port: Port) -> io::Result<()> {
        self.counters.kicks += 1;
        match port.index() {
            RX => self.receive(), // there are buffers again
            _ => self.transmit(),
        }
    }

    #[on(rx_limiter)]
    fn rx_refill(&mut self) -> io::Result<()> {
        self.rx_limiter.refill()?;
        self.receive()
    }

    #[on(tx_limiter)]
    fn tx_refill(&mut self) -> io::Result<()> {
        self.tx_limiter.refill()?;
        self.transmit()
    }

    #[on(tap, readable)]
    fn frames_arrive(&mut self) -> io::Result<()> {
        self.receive()
    }

    #[on(tap, writable)]
    fn tap_has_room(&mut self) -> io::Result<()> {
        self.transmit()
    }
}

/// The registers: what the vCPU thread does, under the lock.
impl Net {
    pub(crate) fn new(tap: UnixDatagram, interrupt: Doorbell) -> io::Result<Self> {
        tap.set_nonblocking(true)?; // edge-triggered: it is read until there is no more
        Ok(Self {
            activate: Doorbell::new()?,
            queues: vec![Doorbell::new()?, Doorbell::new()?],
            rx_limiter: RateLimiter::new("rx", BUCKET, PERIOD)?,
            tx_limiter: RateLimiter::new("tx", BUCKET, PERIOD)?,
            tap,
            interrupt,
            virtqueues: Default::default(),
            mac: [0; 6],
            frame: [0; MAX_FRAME],
            deferred: None,
            counters: Counters::default(),
        })
    }

    pub(crate) fn set_mac(&mut self, mac: [u8; 6]) {
        self.mac = mac;
    }

    pub(crate) fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Says where a queue is, and answers with what rings when the guest writes to its notification register: an ioeventfd.
    pub(crate) fn set_queue(&mut self, index: usize, queue: Virtqueue) -> io::Result<Doorbell> {
        self.virtqueues[index] = queue;
        self.queues[index].try_clone()
    }

    /// The driver is ready (`DRIVER_OK`). The thread of the vCPU cannot reach the reactor, and need not: the fd does.
    pub(crate) fn activate(&self) -> io::Result<()> {
        self.activate.ring()
    }

    /// How often each limiter has blocked, and was refilled: rx, then tx.
    pub(crate) fn limiters(&self) -> [(u32, u32); 2] {
        [&self.rx_limiter, &self.tx_limiter].map(|it| (it.blocked, it.refilled))
    }
}

/// The data path: what the reactor's thread does.
impl Net {
    /// From the tap to the guest, until there is no frame, no buffer or no token.
    fn receive(&mut self) -> io::Result<()> {
        let before = self.counters.rx_frames;
        while let Some(length) = self.next_frame()? {
            if !self.deliver(length)? {
                self.counters.rx_deferred += 1;
                self.deferred = Some(length);
                break;
            }
            self.counters.rx_frames += 1;
        }
        self.interrupt_if(self.counters.rx_frames != before)
    }

    fn next_frame(&mut self) -> io::Result<Option<usize>> {
        if let Some(length) = self.deferred.take() {
            return Ok(Some(length));
        }
        match self.tap.recv(&mut self.frame) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn deliver(&mut self, length: usize) -> io::Result<bool> {
        let queue = &self.virtqueues[RX];
        let Some(mut buffer) = queue.pop() else {
            self.counters.rx_without_buffer += 1;
            return Ok(false);
        };
        if !self.rx_limiter.admit(length)? {
            queue.undo_pop(buffer);
            return Ok(false);
        }
        buffer.clear();
        buffer.extend_from_slice(&self.frame[..length]);
        queue.finish(buffer);
        Ok(true)
    }

    /// From the guest to the tap, until there is no frame, no token or no room.
    fn transmit(&mut self) -> io::Result<()> {
        let before = self.counters.tx_frames;
        let queue = &self.virtqueues[TX];
        while let Some(frame) = queue.pop() {
            if !self.tx_limiter.admit(frame.len())? {
                queue.undo_pop(frame);
                break;
            }
            match self.tap.send(&frame) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.counters.tx_tap_full += 1;
                    self.tx_limiter.undo_admit(frame.len());
                    queue.undo_pop(frame);
                    break;
                }
                Err(error) => return Err(error),
            }
            self.counters.tx_frames += 1;
            queue.finish(frame);
        }
        self.interrupt_if(self.counters.tx_frames != before)
    }

    /// Once per run through a queue, not once per frame.
    fn interrupt_if(&mut self, is_due: bool) -> io::Result<()> {
        if is_due {
            self.counters.interrupts += 1;
            self.interrupt.ring()?;
        }
        Ok(())
    }
}
