//! The reference model: what the reactor promises, told in terms of the kernel's entries.
//!
//! It is a monitor. Each handler call is checked when it happens: the port was reported in the open batch, was not called for it yet, and is
//! alive. When the batch is over, nothing that was reported of a port still alive may be missing.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::{Interest, Kernel, Number, Port, Refusal};

/// What has become of a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Watched, and the owner of its number.
    Watched,
    /// Dead or orphaned, with an entry in the kernel that may still be reported; since which batch.
    Stale(u64),
    /// Not in the kernel.
    Gone,
}

#[derive(Clone, Debug)]
pub struct PortModel {
    pub number: Number,
    pub interest: Interest,
    pub standing: Standing,
    /// Of a subscriber that is still registered.
    pub registered: bool,
    /// One-shot, and reported since it was last armed.
    pub fired: bool,
    /// Its number led a `modify` to another port's stale entry, so that it has two: when it is called can no longer be said.
    pub is_tangled: bool,
}

#[derive(Debug, Default)]
pub struct Reference {
    pub kernel: Kernel,
    pub ports: BTreeMap<Port, PortModel>,
    /// The port that has each number.
    owners: BTreeMap<Number, Port>,
    /// Reported in the open batch and not called yet.
    pub expected: BTreeSet<Port>,
    pub batch: u64,
    pub is_open: bool,
    ghost_seen: bool,
    stale: BTreeMap<Number, usize>,
    pub rebuilds: u64,
    /// A port is tangled: the program ends with the batch in hand, since the model cannot follow it any further.
    pub is_tangled: bool,
}

impl Reference {
    /// Watches a number for a new port.
    pub fn add(&mut self, port: Port, number: Number, interest: Interest) -> Result<(), Refusal> {
        match self.kernel.add(number, port, interest) {
            Err(Refusal::Exists)
                if !self.owners.contains_key(&number) && self.stale.contains_key(&number) =>
            {
                self.kernel.delete(number)?;
                self.kernel.add(number, port, interest)?;
            }
            added => added?,
        }
        let model = PortModel {
            number,
            interest,
            standing: Standing::Watched,
            registered: true,
            fired: false,
            is_tangled: false,
        };
        self.ports.insert(port, model);
        if let Some(former) = self.owners.insert(number, port) {
            self.make_stale(former);
            self.tidy();
        }
        Ok(())
    }

    fn make_stale(&mut self, port: Port) {
        let batch = self.batch;
        let model = self.ports.get_mut(&port).unwrap();
        model.standing = Standing::Stale(batch);
        *self.stale.entry(model.number).or_default() += 1;
    }

    /// Changes the interest of a port; `Ok(false)` if there was nothing to do.
    pub fn modify(&mut self, port: Port, interest: Interest) -> Result<bool, Refusal> {
        let model = &self.ports[&port];
        if model.standing != Standing::Watched {
            return Err(Refusal::Unknown);
        }
        if model.interest == interest && !interest.once {
            return Ok(false);
        }
        let former = self.kernel.owner(model.number);
        self.kernel.modify(model.number, port, interest)?;
        let model = self.ports.get_mut(&port).unwrap();
        model.interest = interest;
        model.fired = false;
        if former != Some(port) {
            model.is_tangled = true;
            self.is_tangled = true;
        }
        Ok(true)
    }

    /// The port's subscriber has gone, or has disarmed it.
    pub fn remove(&mut self, port: Port) {
        let model = self.ports.get_mut(&port).unwrap();
        model.registered = false;
        if model.standing == Standing::Watched {
            let number = model.number;
            self.owners.remove(&number);
            let forgotten = self.kernel.delete(number).is_ok() && !self.stale.contains_key(&number);
            if forgotten {
                self.ports.get_mut(&port).unwrap().standing = Standing::Gone;
            } else {
                self.make_stale(port);
            }
        }
    }

    /// One `epoll_wait`.
    pub fn wait(&mut self) {
        assert!(!self.is_open);
        let reported = self.kernel.wait();
        if reported.is_empty() {
            return;
        }
        self.is_open = true;
        self.batch += 1;
        for port in reported {
            match self.ports[&port].standing {
                Standing::Watched => {
                    let model = self.ports.get_mut(&port).unwrap();
                    model.fired = model.interest.once;
                    assert!(self.expected.insert(port) || model.is_tangled, "reported twice");
                }
                Standing::Stale(_) => self.ghost_seen = true,
                Standing::Gone => panic!("the kernel reports a port whose memory is free"),
            }
        }
    }

    /// A handler is called.
    pub fn called(&mut self, port: Port) {
        let model = &self.ports[&port];
        let was_reported = self.expected.remove(&port) || model.is_tangled;
        assert!(was_reported, "port {port} was called, but not reported");
        assert!(model.registered, "port {port} was called after its removal");
    }

    /// Whether an event of the port is still to come.
    pub fn is_pending(&self, port: Port) -> bool {
        self.expected.contains(&port)
            && self.ports[&port].registered
            && self.ports[&port].standing == Standing::Watched
    }

    /// Whether an event of the open batch is still to come.
    pub fn is_anybody_left(&self) -> bool {
        self.expected.iter().any(|&port| self.is_pending(port))
    }

    /// The batch is over.
    pub fn finish(&mut self) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        for port in std::mem::take(&mut self.expected) {
            let model = &self.ports[&port];
            let is_alive =
                model.registered && model.standing == Standing::Watched && !model.is_tangled;
            assert!(!is_alive, "an event of port {port} was lost");
        }
        self.tidy();
    }

    /// Between batches, a ghost or a full limbo make the reactor rebuild its instance.
    pub fn tidy(&mut self) {
        let live = self.ports.values().filter(|port| port.registered).count();
        let is_full = self.stale.values().sum::<usize>() >= live.max(64);
        if self.is_open || !(self.ghost_seen || is_full) {
            return;
        }
        self.ghost_seen = false;
        self.stale.clear();
        self.rebuilds += 1;
        let former = std::mem::take(&mut self.kernel.entries);
        for (&port, model) in &mut self.ports {
            if model.standing != Standing::Watched {
                model.standing = Standing::Gone;
                continue;
            }
            let file = self.kernel.names.get(&model.number).copied();
            match file.filter(|&file| former.contains_key(&(model.number, file))) {
                Some(file) => {
                    // An edge may be reported again; a one-shot that has fired stays silent.
                    self.kernel.add(model.number, port, model.interest).unwrap();
                    let entry = self.kernel.entries.get_mut(&(model.number, file)).unwrap();
                    entry.armed = !model.fired;
                    entry.listed &= entry.armed;
                }
                None => {
                    self.owners.remove(&model.number);
                    model.standing = Standing::Gone;
                }
            }
        }
    }
}
