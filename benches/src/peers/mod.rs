//! The peers, a file each: how it watches an fd, calls a task, and forgets both.
//!
//! All are handed the same tasks; each stores and finds them the way its documentation shows. Where there is a choice, the faster one was
//! taken.

pub mod calloop;
pub mod event_manager;
pub mod eventp_1;
pub mod mio;
pub mod ours;
pub mod polling;
pub mod raw;
pub mod table;
pub mod tokio;

use crate::task::Task;

/// The peers by name, in the order of tables and charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Raw,
    Ours,
    Eventp1,
    EventManager,
    MioVec,
    MioMap,
    Polling,
    Calloop,
    Tokio,
}

impl Name {
    pub const ALL: [Self; 9] = [
        Self::Raw,
        Self::Ours,
        Self::Eventp1,
        Self::EventManager,
        Self::MioVec,
        Self::MioMap,
        Self::Polling,
        Self::Calloop,
        Self::Tokio,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ours => "ours",
            Self::Eventp1 => "eventp-1",
            Self::EventManager => "event-manager",
            Self::MioVec => "mio-vec",
            Self::MioMap => "mio-map",
            Self::Polling => "polling",
            Self::Calloop => "calloop",
            Self::Tokio => "tokio",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.text() == text)
    }
}

/// How an fd is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Level-triggered: it is reported as long as it is ready.
    Level,
    /// Edge-triggered: each write is reported.
    Edge,
}

/// A loop whose tasks are all `T`s.
pub trait Peer<T: Task>: Sized + 'static {
    /// What the peer calls a task that was added.
    type Key: 'static;
    /// A loop that takes so many events from one wait, if it can be told.
    fn new(capacity: usize) -> Self;
    fn add(&mut self, task: T, watch: Watch) -> Self::Key;
    /// Removes the task and drops it.
    fn delete(&mut self, key: Self::Key);
    /// Waits once and has the tasks whose fds are ready called.
    fn turn(&mut self, state: &mut T::State);
}

/// Makes `$maker::<PEER>($arguments)` of the peer with this name, or `None` of one that has no such loop.
#[macro_export]
macro_rules! with_peer {
    ($name:expr, $task:ty, $maker:ident $arguments:tt) => {
        match $name {
            $crate::peers::Name::Raw => $crate::with_peer!(@ $maker, $crate::peers::raw::Raw<$task>, $arguments),
            $crate::peers::Name::Ours => $crate::with_peer!(@ $maker, $crate::peers::ours::Ours<$task>, $arguments),
            $crate::peers::Name::Eventp1 => $crate::with_peer!(@ $maker, $crate::peers::eventp_1::Eventp1, $arguments),
            $crate::peers::Name::EventManager => {
                $crate::with_peer!(@ $maker, $crate::peers::event_manager::Manager, $arguments)
            }
            $crate::peers::Name::MioVec => $crate::with_peer!(@ $maker, $crate::peers::mio::MioVec<_>, $arguments),
            $crate::peers::Name::MioMap => $crate::with_peer!(@ $maker, $crate::peers::mio::MioMap<_>, $arguments),
            $crate::peers::Name::Polling => $crate::with_peer!(@ $maker, $crate::peers::polling::Polling<_>, $arguments),
            $crate::peers::Name::Calloop => $crate::with_peer!(@ $maker, $crate::peers::calloop::Calloop<$task>, $arguments),
            $crate::peers::Name::Tokio => None,
        }
    };
    (@ $maker:ident, $peer:ty, ($($argument:expr),*)) => { Some($maker::<$peer>($($argument),*)) };
}
