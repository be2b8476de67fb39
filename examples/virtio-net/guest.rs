//! The guest: one vCPU with a driver. It knows the device's registers and its queues, and nothing of the reactor.

use std::io;
use std::sync::{Arc, Mutex};

use eventp::{Doorbell, Eventp, Flow, doorbell};

use crate::device::{Net, RX, TX};
use crate::queue::{MAX_FRAME, Virtqueue, frame};

/// Who has made a frame: the first byte of each.
pub(crate) const GUEST: u8 = b'G';
pub(crate) const HOST: u8 = b'H';

/// How many frames may be on their way to the device at once.
const TX_WINDOW: u32 = 64;

/// How many buffers there are to receive into: few, so that the device runs out of them.
const RX_BUFFERS: u32 = 4;

struct Driver {
    rx: Virtqueue,
    tx: Virtqueue,
    kick_rx: Doorbell,
    kick_tx: Doorbell,
    /// How many frames go each way.
    frames: u32,
    received: u32,
    offered: u32,
    transmitted: u32,
}

/// What the thread of the vCPU does until it has unplugged the device.
pub(crate) fn run(
    net: Arc<Mutex<Net>>,
    interrupt: Doorbell,
    eject: &Doorbell,
    frames: u32,
) -> io::Result<()> {
    let mut driver = Driver::probe(&net, frames)?;
    driver.start()?;

    // A processor sleeps until it is interrupted; a reactor of its own is one way to do that.
    let mut interrupts = Eventp::<Driver>::new()?;
    interrupts.on(doorbell().with_fd(interrupt), |d| d.state.interrupted())?;
    interrupts.run_with(&mut driver)?;

    println!("guest:  {frames} frames were received and {frames} transmitted; the device may go");
    drop(net);
    eject.ring()
}

impl Driver {
    fn probe(net: &Mutex<Net>, frames: u32) -> io::Result<Self> {
        let mut net = net.lock().expect("nobody panics under this lock");
        println!("guest:  configures the device and activates it, under the lock");
        let (rx, tx) = (Virtqueue::default(), Virtqueue::default());
        net.set_mac([0x52, 0x54, 0, 0, 0, 1]);
        let kick_rx = net.set_queue(RX, rx.clone())?;
        let kick_tx = net.set_queue(TX, tx.clone())?;
        net.activate()?;
        Ok(Self { rx, tx, kick_rx, kick_tx, frames, received: 0, offered: 0, transmitted: 0 })
    }

    fn start(&mut self) -> io::Result<()> {
        for _ in 0..RX_BUFFERS {
            self.rx.offer(Vec::with_capacity(MAX_FRAME));
        }
        self.kick_rx.ring()?;
        self.fill_tx()
    }

    fn interrupted(&mut self) -> io::Result<Flow> {
        let before = self.received;
        while let Some(received) = self.rx.reclaim() {
            assert!(received == frame(HOST, self.received), "frame {} to the guest", self.received);
            self.received += 1;
            self.rx.offer(received);
        }
        if self.received != before {
            self.kick_rx.ring()?;
        }
        while let Some(sent) = self.tx.reclaim() {
            assert!(
                sent == frame(GUEST, self.transmitted),
                "frame {} is given back",
                self.transmitted
            );
            self.transmitted += 1;
        }
        self.fill_tx()?;
        let is_done = self.received == self.frames && self.transmitted == self.frames;
        Ok(if is_done { Flow::Stop } else { Flow::Keep })
    }

    fn fill_tx(&mut self) -> io::Result<()> {
        let before = self.offered;
        while self.offered < self.frames && self.offered < self.transmitted + TX_WINDOW {
            self.tx.offer(frame(GUEST, self.offered));
            self.offered += 1;
        }
        if self.offered != before { self.kick_tx.ring() } else { Ok(()) }
    }
}
