//! `vmm`: 22 fds in 9 subscribers, as a small virtual machine has them: net, block, vsock, balloon, entropy, serial, clock, API, exit.
//!
//! In each turn another is rung. They are watched edge-triggered and not read, as is natural for the kicks of a guest. tokio has no turn that
//! could be taken one by one.

use super::{Count, Kind as Way, Run, Subject, Workload, timed, with_devices};
use crate::device::{Devices, Kind};
use crate::peers::Name;
use crate::sys::{self, Eventfds};
use crate::task;

pub const VMM: Workload = Workload {
    name: "vmm",
    about: "22 fds in 9 subscribers; one is rung",
    number: "fds",
    numbers: &[22],
    kind: Way::Alone { make, count: Count::Turn },
};

const FDS: [usize; 9] = [5, 3, 4, 4, 1, 2, 1, 1, 1];

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    assert_eq!(fds, FDS.iter().sum::<usize>());
    with_devices!(peer, subject(fds))
}

struct Vmm<D> {
    devices: D,
    next: usize,
    fds: Eventfds,
}

fn subject<D: Devices>(fds: usize) -> Box<dyn Subject> {
    let (mut devices, fds) = (D::new(64), sys::eventfds(fds));
    let mut rest = &fds[..];
    for number in FDS {
        let (its, others) = rest.split_at(number);
        devices.add(Kind::Rung, its);
        rest = others;
    }
    Box::new(Vmm { devices, next: 0, fds })
}

impl<D: Devices> Subject for Vmm<D> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, 1, || {
            sys::ring(self.fds[self.next]);
            self.devices.turn();
            self.next += 5;
            if self.next >= self.fds.len() {
                self.next -= self.fds.len();
            }
        })
    }

    fn end(self: Box<Self>) -> u64 {
        drop(self.devices);
        drop(self.fds);
        task::handled()
    }
}
