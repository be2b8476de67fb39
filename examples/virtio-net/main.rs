//! A virtio-net device as a virtual-machine monitor has it, less the hypervisor: six fds in one subscriber, which the reactor shares
//! with the thread of a vCPU.
//!
//! ```text
//! cargo run --example virtio-net
//! ```
//!
//! | here                                   | on a machine                                       |
//! |----------------------------------------|----------------------------------------------------|
//! | a thread with a driver (`guest.rs`)    | a vCPU: its register accesses exit to a thread     |
//! | two deques behind a mutex (`queue.rs`) | virtqueues in the guest's memory                   |
//! | `Doorbell`s that the guest rings       | ioeventfds, rung by KVM                            |
//! | a `Doorbell` that the guest waits for  | an irqfd                                           |
//! | a pair of datagram sockets             | a tap: each read and each write is a frame         |
//!
//! Frames go both ways at once, faster than the limiters allow and the guest has buffers. Then the guest lets the device go: the
//! reactor gives it back, and nobody else has it.

#![forbid(unsafe_code)]

mod device;
mod guest;
mod limiter;
mod queue;

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use eventp::{Doorbell, Eventp, Flow, Register, doorbell};

use crate::device::Net;
use crate::guest::{GUEST, HOST};
use crate::queue::{MAX_FRAME, frame};

/// How many frames go each way.
const FRAMES: u32 = 400;

/// So long nothing happens only if something is broken.
const DEADLINE: Duration = Duration::from_secs(10);

/// The other end of the tap. It sends all it has before it looks at what it gets, so the tap is full for a while.
fn talk(wire: &UnixDatagram) -> io::Result<()> {
    for number in 0..FRAMES {
        wire.send(&frame(HOST, number))?;
    }
    println!("host:   has sent {FRAMES} frames");
    let mut received = [0; MAX_FRAME + 1];
    for number in 0..FRAMES {
        let length = wire.recv(&mut received)?;
        assert!(received[..length] == frame(GUEST, number), "frame {number} to the host");
    }
    println!("host:   has received {FRAMES} frames");
    Ok(())
}

fn show(reactor: &Eventp) {
    for entry in reactor.iter() {
        let ports = entry.ports().map(|port| format!("{} ({:?})", port.field(), port.interest()));
        println!(
            "host:   the reactor has {}: {}",
            entry.key(),
            ports.collect::<Vec<_>>().join(", ")
        );
    }
}

fn main() -> io::Result<()> {
    let start = Instant::now();
    let (tap, wire) = UnixDatagram::pair()?;
    wire.set_read_timeout(Some(DEADLINE))?;
    wire.set_write_timeout(Some(DEADLINE))?;
    let (interrupt, eject) = (Doorbell::new()?, Arc::new(Doorbell::new()?));

    let net = Arc::new(Mutex::new(Net::new(tap, interrupt.try_clone()?)?));
    let mut reactor = Eventp::new()?;
    let handle = Arc::clone(&net).register_into(&mut reactor)?;
    reactor.on(doorbell().with_fd(Arc::clone(&eject)), |_| Flow::Stop)?;
    println!("host:   the device is plugged in as {}", handle.key());
    show(&reactor);

    // What is sent before the device is active waits in the tap: arming an edge-triggered fd reports what there is already.
    let host = thread::spawn(move || talk(&wire));
    let guest = thread::spawn(move || guest::run(net, interrupt, &eject, FRAMES));

    while !reactor.is_stopping() {
        let handled = reactor.run_once(Some(DEADLINE))?;
        assert!(handled > 0, "all are waiting for each other");
    }
    for thread in [host, guest] {
        thread.join().expect("no frame was lost or reordered")?;
    }
    show(&reactor);

    let net = reactor.take(handle)?;
    let net = Arc::try_unwrap(net).ok().expect("nobody else has the device");
    let net = net.into_inner().expect("nobody has panicked under its lock");
    println!("host:   the device is taken out, and nobody else has it");
    show(&reactor);

    let counters = net.counters;
    let [rx_limiter, tx_limiter] = net.limiters();
    println!("host:   {counters:?}");
    for (name, (blocked, refilled)) in [("rx", rx_limiter), ("tx", tx_limiter)] {
        println!(
            "host:   the {name} limiter blocked {blocked} times and was refilled {refilled} times"
        );
        assert!(blocked > 0 && refilled == blocked);
    }
    assert_eq!(net.mac(), [0x52, 0x54, 0, 0, 0, 1]);
    assert_eq!((counters.rx_frames, counters.tx_frames), (FRAMES, FRAMES));
    assert!(counters.rx_deferred > 0 && counters.rx_without_buffer > 0 && counters.tx_tap_full > 0);
    println!("host:   no frame was lost or reordered; {} ms", start.elapsed().as_millis());
    Ok(())
}
