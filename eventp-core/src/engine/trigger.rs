//! Batches without the kernel: ports that are to be called though their fd is not ready.
//!
//! In come ports and an event, out goes a batch of those that are still there when the next turn begins. Who triggers without end does not keep fds
//! waiting: two batches in a row are never of triggers.

use core::ptr::NonNull;

use super::Engine;
use crate::error::Error;
use crate::event::Event;
use crate::header::{Header, data_of};
use crate::key::{Key, Port};
use crate::ports::PortKey;
use crate::refusal;
use crate::sys::Report;
use crate::todo::Todo;

/// A port that is to be called though its fd is not ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triggered {
    key: Key,
    port: Port,
    event: Event,
    /// The header that the port had then, if it was looked for.
    header: Option<NonNull<Header>>,
}

impl Engine {
    /// Has these ports called on the next turn, as if they had been reported.
    pub(crate) fn trigger(&mut self, ports: PortKey, event: Event) -> Result<(), Error> {
        let mut selected = Vec::new();
        let block = self.select("trigger", ports, &mut selected)?;
        for &header in &selected {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            if unsafe { !(*header).standing.can_be_triggered() } {
                return Err(Error::at_port("trigger", block, header, refusal::not_to_trigger()));
            }
        }
        for header in selected {
            // SAFETY: as above.
            let port = unsafe { (*header).port() };
            self.queue_up(Triggered { key: ports.key, port, event, header: NonNull::new(header) });
        }
        Ok(())
    }

    pub(crate) fn trigger_later(&mut self, key: Key, port: Port, event: Event) {
        self.queue_up(Triggered { key, port, event, header: None });
    }

    fn queue_up(&mut self, triggered: Triggered) {
        self.triggered.push_back(triggered);
        self.todo.set(Todo::TRIGGER);
        self.call_attention();
    }

    /// Opens a batch of those that are triggered, if there are any; says how many events it has. Every other turn it opens none, so that who
    /// triggers without end does not keep fds waiting.
    pub(crate) fn open_triggered_batch(&mut self) -> usize {
        debug_assert!(!self.is_in_batch());
        if self.last_triggered.take() == Some(self.batch.serial) {
            return 0;
        }
        let mut len = 0;
        while len < self.batch.events.len() {
            let Some(triggered) = self.triggered.pop_front() else {
                self.todo.clear(Todo::TRIGGER);
                break;
            };
            if let Some(header) = self.find_to_trigger(&triggered) {
                let events = triggered.event.bits();
                self.batch.events[len] = Report { events, u64: data_of(header) };
                len += 1;
            }
        }
        if len > 0 {
            self.open_batch();
            self.last_triggered = Some(self.batch.serial);
        }
        len
    }

    /// The header of a triggered port, if it is still there and armed: the one that it had, or after it was armed anew, another.
    fn find_to_trigger(&self, triggered: &Triggered) -> Option<*mut Header> {
        let &Triggered { key, port, header: former, .. } = triggered;
        let block = self.registry.find(key)?;
        let is_it = |&header: &*mut Header| {
            // SAFETY: I1: of a registered subscriber, which keeps all headers until it leaves, so allocated; plain copies are read.
            let Header { standing, index, field, .. } = unsafe { *header };
            standing.can_be_triggered() && Port { field, index } == port
        };
        let former = former.map(NonNull::as_ptr).filter(is_it);
        former.or_else(|| self.registry.headers(key, block).find(is_it))
    }
}
