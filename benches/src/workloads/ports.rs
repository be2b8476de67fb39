//! `ports`: 16 devices with so many fds each, all of which stay ready; handlers count by fd in what the fds of a device share.
//!
//! tokio has no turn that could be taken one by one.

use super::{Count, DevicesAlone, Kind as Way, Subject, Workload, with_devices};
use crate::device::{Devices, Kind};
use crate::peers::Name;
use crate::sys;

pub const PORTS: Workload = Workload {
    name: "ports",
    about: "16 devices with N fds each, which stay ready",
    number: "fds per device",
    numbers: &[4, 6],
    kind: Way::Alone { make, count: Count::Event { fewer } },
};

const DEVICES: usize = 16;

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_devices!(peer, subject(fds, DEVICES))
}

fn fewer(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_devices!(peer, subject(fds, DEVICES / 2))
}

fn subject<D: Devices>(fds_each: usize, number: usize) -> Box<dyn Subject> {
    let mut devices = D::new(fds_each * number + 1);
    let fds = sys::eventfds(fds_each * number);
    fds.iter().for_each(|fd| sys::ring(fd));
    fds.chunks(fds_each).for_each(|fds| devices.add(Kind::Ready, fds));
    Box::new(DevicesAlone { devices, events_per_turn: fds.len() as u64, fds })
}
