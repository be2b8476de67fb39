//! Subscribers with several fds: devices of a virtual machine.
//!
//! A device has six eventfds: one that activates it, and five that are watched once it is active. Handlers count. Eventfds are ready by
//! their counter and never read, so each turn reports what is ready again, and a turn costs nothing but the wait and the dispatch.

mod event_manager;
mod eventp_1;
mod ours;

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What the peers have in common.
trait Peer {
    /// Waits once and handles what is ready.
    fn turn(&mut self);
    /// Makes the device inactive again: deletes five, adds one.
    fn deactivate(&mut self);
    /// Ends it, and says how many events all devices have handled.
    fn events(self: Box<Self>) -> u64;
}

/// What is ready, and what is there.
#[derive(Clone, Copy, PartialEq)]
enum Setting {
    /// Active; so many of the five are ready.
    Active(usize),
    /// Not active yet, and the eventfd that activates it is ready.
    Inactive,
    /// 22 fds in 9 subscribers, of which one is ready.
    Vmm,
    /// One subscriber with one fd, which is ready.
    OneFd,
}

/// The numbers of fds of the subscribers of a small virtual machine: net, block, vsock, balloon, entropy, serial, clock, API, exit.
const VMM: [usize; 9] = [5, 3, 4, 4, 1, 2, 1, 1, 1];

/// An eventfd, ready or not.
fn eventfd(is_ready: bool) -> OwnedFd {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::eventfd(u32::from(is_ready), libc::EFD_CLOEXEC) };
    assert!(fd.as_raw_fd() >= 0);
    // SAFETY: just opened, and nobody else knows the number.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// The six eventfds of a device.
fn device_fds(setting: Setting) -> [OwnedFd; 6] {
    let ready = match setting {
        Setting::Active(ready) => ready,
        _ => 0,
    };
    let mut nth = 0;
    [(); 6].map(|()| {
        nth += 1;
        eventfd(if nth == 1 { setting == Setting::Inactive } else { nth - 2 < ready })
    })
}

/// Does it; `None` if an argument is unknown.
pub(crate) fn run(workload: &str, peer: &str, form: &str, turns: &str) -> Option<u64> {
    let setting = match workload {
        "one-fd" => Setting::OneFd,
        "kick" => Setting::Active(1),
        "five" => Setting::Active(5),
        "activate" => Setting::Inactive,
        "vmm" => Setting::Vmm,
        _ => return None,
    };
    let shared = match form {
        "plain" => false,
        "shared" => true,
        _ => return None,
    };
    let mut peer: Box<dyn Peer> = match peer {
        "ours" => ours::new(setting, shared),
        "event-manager" => event_manager::new(setting, shared),
        "eventp-1" => eventp_1::new(setting, shared),
        _ => return None,
    };
    let turns: u64 = turns.parse().ok()?;
    for _ in 0..turns {
        peer.turn();
        if setting == Setting::Inactive {
            peer.deactivate();
        }
    }
    let per_turn = if let Setting::Active(ready) = setting { ready as u64 } else { 1 };
    let events = peer.events();
    assert_eq!(events, turns * per_turn, "every event was handled");
    Some(events)
}
