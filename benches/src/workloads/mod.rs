//! The workloads, a file each: what happens in a turn, with how many fds, and the check that every event was handled.
//!
//! In comes the name of a peer and a number, out goes a [`Subject`] that is set up and can be run for so many turns. A peer that a workload
//! does not suit is `None` there, and the file says why.

pub mod activate;
pub mod all;
pub mod churn;
pub mod doorbell;
pub mod memory;
pub mod one;
pub mod ports;
pub mod ready;
pub mod server;
pub mod state;
pub mod vmm;

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::device::Devices;
use crate::peers::Name;
use crate::{sys, task};

/// A peer that is set up for a workload.
pub trait Subject {
    /// Does so many turns. Says how long they took and how many events that were.
    fn run(&mut self, turns: u64) -> Run;
    /// Ends it, and says how many events were really handled.
    fn end(self: Box<Self>) -> u64;
}

/// What a [`Subject`] did.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub time: Duration,
    /// How many events `time` is for.
    pub events: u64,
    /// How many there were in all: those that were not timed too.
    pub all_events: u64,
}

/// A workload.
pub struct Workload {
    pub name: &'static str,
    /// What happens, in a line.
    pub about: &'static str,
    /// What the number means.
    pub number: &'static str,
    pub numbers: &'static [usize],
    pub kind: Kind,
}

/// How a workload is measured.
pub enum Kind {
    /// By the time that its thread runs: it never sleeps, so this is the time of the clock on a machine that does nothing else.
    Alone { make: Make, count: Count },
    /// With another process, which has to be started. `counts` says whether all instructions of this one are counted.
    Together { make: Make, counts: bool },
    /// By what is allocated.
    Weighed { weigh: fn(usize, Name) -> Option<(f64, f64)> },
}

type Make = fn(usize, Name) -> Option<Box<dyn Subject>>;

/// How instructions are counted.
#[derive(Clone, Copy)]
pub enum Count {
    /// All of a turn, the workload's own included.
    Turn,
    /// What an event more in a batch costs: the difference to a turn with fewer.
    Event {
        fewer: Make,
    },
    No,
}

/// All of them.
pub const ALL: &[&Workload] = &[
    &one::ONE,
    &all::ALL,
    &ready::READY,
    &ready::READY_USER,
    &churn::CHURN,
    &ports::PORTS,
    &vmm::VMM,
    &doorbell::DOORBELL,
    &activate::ACTIVATE,
    &state::STATE,
    &memory::MEMORY,
    &server::ECHO,
    &server::ECHO_CPU,
    &server::ACCEPT,
];

/// The workload of that name.
pub fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().copied().find(|workload| workload.name == name)
}

impl Workload {
    /// Whether this build has what it needs.
    pub fn is_there(&self) -> bool {
        self.name != "ready-user" || cfg!(feature = "libc-wait")
    }

    /// What a number is measured with, or `None` if the peer does not take part.
    pub fn make(&self, number: usize, peer: Name) -> Option<Box<dyn Subject>> {
        match self.kind {
            Kind::Alone { make, .. } | Kind::Together { make, .. } => make(number, peer),
            Kind::Weighed { .. } => None,
        }
    }
}

thread_local! {
    static BY_THE_WALL: Cell<bool> = const { Cell::new(false) };
}

/// Has workloads without another process be timed by the clock too.
pub fn time_by_the_wall() {
    BY_THE_WALL.set(true);
}

/// Runs `turn` so often.
#[inline(always)]
fn timed(turns: u64, events_per_turn: u64, mut turn: impl FnMut()) -> Run {
    let by_the_wall = BY_THE_WALL.get();
    let (instant, thread) = (Instant::now(), sys::thread_time());
    for _ in 0..turns {
        turn();
    }
    let time = if by_the_wall { instant.elapsed() } else { sys::thread_time() - thread };
    let events = turns * events_per_turn;
    Run { time, events, all_events: events }
}

/// Runs devices whose turn needs nothing from outside.
struct DevicesAlone<D> {
    devices: D,
    events_per_turn: u64,
    fds: sys::Eventfds,
}

impl<D: Devices> Subject for DevicesAlone<D> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, self.events_per_turn, || self.devices.turn())
    }

    fn end(self: Box<Self>) -> u64 {
        drop(self.devices);
        drop(self.fds);
        task::handled()
    }
}

/// Makes `$maker::<DEVICES>($arguments)` of the peer with this name, or `None` of one that has no devices.
macro_rules! with_devices {
    ($name:expr, $maker:ident ($($argument:expr),*)) => {
        match $name {
            $crate::peers::Name::Raw => Some($maker::<$crate::peers::raw::RawDevices>($($argument),*)),
            $crate::peers::Name::Ours => Some($maker::<$crate::peers::ours::OurDevices>($($argument),*)),
            $crate::peers::Name::Eventp1 => Some($maker::<$crate::peers::eventp_1::Eventp1Devices>($($argument),*)),
            $crate::peers::Name::EventManager => {
                Some($maker::<$crate::peers::event_manager::ManagerDevices>($($argument),*))
            }
            $crate::peers::Name::MioVec => Some($maker::<$crate::peers::mio::MioVecDevices>($($argument),*)),
            $crate::peers::Name::MioMap => Some($maker::<$crate::peers::mio::MioMapDevices>($($argument),*)),
            $crate::peers::Name::Polling => Some($maker::<$crate::peers::polling::PollingDevices>($($argument),*)),
            $crate::peers::Name::Calloop => Some($maker::<$crate::peers::calloop::CalloopDevices>($($argument),*)),
            $crate::peers::Name::Tokio => None,
        }
    };
}
use with_devices;
