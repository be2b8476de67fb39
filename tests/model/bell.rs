//! What the model of run calls keeps: the open batch, who is triggered, and what was handed in.
//!
//! The reactor's own eventfd is called the bell. It is edge-triggered, and rung when something is handed in to an empty queue; where the reactor is
//! nested, also for what the kernel does not know of.

use std::collections::{BTreeSet, VecDeque};

use super::kernel::Port;
use super::reference::{Id, Place};

/// Who is reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    Port(Port),
    /// A subscriber without an fd.
    Notified(Id),
}

#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub who: Who,
    pub events: u32,
    /// A one-shot port that has fired when it is reported, or is reported twice: it is called if it was re-armed before that.
    pub is_optional: bool,
}

/// What a run call is at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Phase {
    /// The rest of an interrupted batch; with nothing to follow, but for triggers, where that is set.
    Rest {
        is_all: bool,
    },
    Begin,
    Fds,
    Triggers,
    #[default]
    Over,
}

#[derive(Debug, Default)]
pub struct Batches {
    /// Reported in the open batch and not called yet.
    pub expected: Vec<Report>,
    pub is_open: bool,
    /// The number of the batch that was opened last.
    pub serial: u64,
    pub phase: Phase,
    pub handled: usize,
    /// The run call came to its own turn with triggers: if there are any left, it says so again.
    pub began_with_triggers: bool,

    /// Subscribers without an fd.
    pub notified: BTreeSet<Id>,
    pub triggered: VecDeque<(Place, u32)>,
    pub last_triggered: Option<u64>,

    /// Where the reactor is nested, the bell also calls attention to what the kernel does not know of.
    pub is_nested: bool,
    bell_has_rung: bool,
    pub bell_is_listed: bool,
    /// It is in the open batch, as far as is known; and for sure, since something had been handed in.
    pub bell_is_due: bool,
    pub bell_is_awaited: bool,
    /// Handed in: closures, notifications, a stop.
    pub jobs: VecDeque<u64>,
    pub taken: VecDeque<u64>,
    pub alerts: VecDeque<Id>,
    pub stop_handed_in: bool,
    pub door_is_closed: bool,
    pub is_stopping: bool,

    /// What was called may have been of the rest of a batch or of the next one: the program ends with this run call, in which nothing is
    /// checked any more.
    pub is_lost: bool,
}

impl Batches {
    fn ring(&mut self) {
        self.bell_has_rung = true;
        self.bell_is_listed = true;
    }

    pub fn call_attention(&mut self) {
        if self.is_nested {
            self.ring();
        }
    }

    pub fn bell_is_registered_again(&mut self) {
        self.bell_is_listed = self.bell_has_rung;
    }

    pub fn trigger(&mut self, place: Place, events: u32) {
        self.triggered.push_back((place, events));
        self.call_attention();
    }

    /// A subscriber is removed. Its triggers stay in the queue and reach nobody, should it be registered again.
    pub fn forget(&mut self, id: Id) {
        const NOBODY: Id = Id::MAX;
        self.notified.remove(&id);
        for (place, _) in self.triggered.iter_mut().filter(|(place, _)| place.id == id) {
            place.id = NOBODY;
        }
    }

    /// A closure is handed in.
    pub fn send(&mut self, job: u64) {
        if self.jobs.is_empty() {
            self.ring();
        }
        self.jobs.push_back(job);
    }

    /// A notification is handed in. A closure has to follow, which shows when it is answered.
    pub fn notify(&mut self, id: Id) {
        if self.alerts.is_empty() {
            self.ring();
        }
        if !self.alerts.contains(&id) {
            self.alerts.push_back(id);
        }
    }

    /// A stop is handed in; also with a closure.
    pub fn hand_in_stop(&mut self) {
        self.stop_handed_in = true;
        self.ring();
    }

    pub fn is_anything_handed_in(&self) -> bool {
        !self.alerts.is_empty() || self.stop_handed_in
    }

    /// A run call has returned because of a stop.
    pub fn stopped(&mut self, has_door: bool) {
        self.is_stopping = false;
        self.jobs.clear();
        self.door_is_closed = has_door;
        // The closures that would have shown when these are answered are dropped.
        self.is_lost |= self.is_anything_handed_in();
    }

    /// A panic has come out of a run call.
    pub fn interrupted(&mut self) {
        assert!(self.is_open || self.is_lost, "a panic out of nowhere");
        self.call_attention();
    }
}
