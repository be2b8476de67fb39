//! `activate`: a device with six fds is activated by the first, from whose handler it stops watching that and watches the other five instead.
//! Then it is made inactive again, from outside.
//!
//! The event is the pair of both: 12 `epoll_ctl`. tokio's registrations belong to its sources, which are not added to anything.

use super::{Count, Kind as Way, Run, Subject, Workload, timed, with_devices};
use crate::device::{Devices, Kind, MOST};
use crate::peers::Name;
use crate::sys::{self, Eventfds};
use crate::task;

pub const ACTIVATE: Workload = Workload {
    name: "activate",
    about: "a device watches five fds more, and no longer",
    number: "fds",
    numbers: &[6],
    kind: Way::Alone { make, count: Count::Turn },
};

fn make(_fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_devices!(peer, subject())
}

struct Activate<D> {
    devices: D,
    fds: Eventfds,
}

fn subject<D: Devices>() -> Box<dyn Subject> {
    let (mut devices, fds) = (D::new(64), sys::eventfds(MOST));
    sys::ring(fds[0]);
    devices.add(Kind::Activated, &fds);
    Box::new(Activate { devices, fds })
}

impl<D: Devices> Subject for Activate<D> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, 1, || {
            self.devices.turn();
            self.devices.deactivate();
        })
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut devices, fds } = *self;
        // Active now: if the five were not watched then, they would not count.
        devices.turn();
        fds[1..].iter().for_each(|fd| sys::ring(fd));
        devices.turn();
        drop(devices);
        task::handled() - 6
    }
}
