//! Finds handlers that spin: a level-triggered port that is reported turn after turn, whose handler changes nothing.
//!
//! In debug builds, and with the feature `spin-detector`. In comes each batch before and after it is delivered; out goes one error per
//! culprit. It asks the kernel about an fd only when that has been reported in [`PATIENCE`] turns in a row: then, from one call of its
//! handler to the next, what is there to be read and what is still to be sent must change. Where the kernel tells nothing of that (a
//! signalfd, a tap device), nobody is accused.

use std::fs;
use std::io;
use std::os::fd::RawFd;

use rustc_hash::FxHashMap;

use super::Engine;
use crate::error::Error;
use crate::event::Event;
use crate::header::{Header, Standing, header_of};
use crate::key::Key;
use crate::sys::{Report, traces};

/// So many turns in a row an fd may be reported before it is looked at.
const PATIENCE: u32 = 1_000;
/// So many calls in a row must then have changed nothing.
const PROOF: u32 = 100;

/// A port in the batches of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Suspect {
    key: Key,
    fd: RawFd,
    events: u32,
}

#[derive(Clone, Debug)]
struct Streak {
    suspect: Suspect,
    turns: u32,
    idle_calls: u32,
    before: Option<Traces>,
}

/// What the kernel tells of an fd that a handler that does its work changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Traces {
    unread: Option<i32>,
    unsent: Option<i32>,
    waiting: Option<u32>,
    info: String,
}

/// By the address of the header.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    streaks: FxHashMap<u64, Streak>,
    last: FxHashMap<u64, Streak>,
}

impl Spin {
    /// Looks at a batch that is about to be delivered.
    pub(crate) fn before(&mut self, batch: &[Report]) {
        core::mem::swap(&mut self.streaks, &mut self.last);
        self.streaks.clear();
        for &Report { events, u64: data } in batch {
            // SAFETY: I1: reported, so allocated; a plain copy is read.
            let header = unsafe { *header_of(data) };
            let Some(suspect) = suspect(&header, events) else { continue };
            let same = self.last.remove(&data).filter(|streak| streak.suspect == suspect);
            let mut streak =
                same.unwrap_or(Streak { suspect, turns: 0, idle_calls: 0, before: None });
            streak.turns = streak.turns.saturating_add(1);
            if streak.turns >= PATIENCE && streak.idle_calls < PROOF {
                streak.before = Traces::of(suspect.fd, events);
            }
            self.streaks.insert(data, streak);
        }
    }

    /// Looks again, when it has been delivered. Answers who is found guilty now: the key, and the address of the header.
    pub(crate) fn after(&mut self) -> Vec<(Key, u64)> {
        let mut guilty = Vec::new();
        for (&data, streak) in &mut self.streaks {
            let Some(before) = streak.before.take() else { continue };
            let Suspect { fd, events, key } = streak.suspect;
            if Traces::of(fd, events).as_ref() != Some(&before) {
                (streak.turns, streak.idle_calls) = (0, 0);
                continue;
            }
            streak.idle_calls += 1;
            if streak.idle_calls == PROOF {
                guilty.push((key, data));
            }
        }
        guilty
    }
}

fn suspect(header: &Header, events: u32) -> Option<Suspect> {
    let &Header { key, fd, interest, standing, .. } = header;
    let is_level_triggered = !interest.is_edge_triggered() && !interest.is_oneshot();
    (is_level_triggered && standing == Standing::Armed && key.slot != u32::MAX).then_some(Suspect {
        key,
        fd,
        events,
    })
}

impl Traces {
    fn of(fd: RawFd, events: u32) -> Option<Self> {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let traces = Self {
            unread: traces::unread_bytes(fd),
            unsent: traces::unsent_bytes(fd),
            waiting: traces::waiting_connections(fd),
            info,
        };
        traces.would_show(events).then_some(traces)
    }

    /// Whether a handler that does its work leaves a trace in here.
    fn would_show(&self, events: u32) -> bool {
        let event = Event::new(events);
        // Nothing but the end of the registration makes these go away.
        let is_over = (event.is_error() || event.is_hangup()) && !event.is_readable();
        let has_counter =
            ["eventfd-count:", "ticks:", "Pid:"].iter().any(|name| self.info.contains(name));
        let reads = self.unread.is_some() || self.waiting.is_some() || has_counter;
        is_over
            || event.is_readable() && reads
            || event.is_writable() && !event.is_readable() && self.unsent.is_some()
    }
}

impl Engine {
    /// Has the spin detector look at the batch in hand, unless it is of triggers. A batch that was interrupted is not looked at again.
    pub(crate) fn watch_for_spin(&mut self, next: usize, len: usize) {
        if next == 0 && self.last_triggered != Some(self.batch.serial) {
            self.spin.before(&self.batch.events[..len]);
        }
    }

    /// The batch has been delivered: who spins?
    pub(crate) fn find_spin(&mut self) -> Vec<Error> {
        let mut found = Vec::new();
        for (key, header) in self.spin.after() {
            let Some(block) = self.registry.find(key) else { continue };
            let reason = "it was reported in 1,000 turns in a row, and its handler changes nothing about that; have it read or write until `WouldBlock`, remove the subscriber, or watch the fd edge-triggered";
            let error = io::Error::new(io::ErrorKind::ResourceBusy, reason);
            found.push(Error::at_port("spin", block, header_of(header), error));
        }
        found
    }
}
