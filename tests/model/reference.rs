//! The reference model: what the reactor promises, told in terms of the kernel's entries.
//!
//! In come the operations of a program, in the order in which the real reactor is asked for them; out go the answers that it must give.
//! Here is what it keeps between turns: ports, their numbers, stale registrations, and the rebuild. What happens in a run call is in
//! `batches.rs`.

use std::collections::BTreeMap;

use super::bell::Batches;
use super::kernel::{Interest, Kernel, Number, Port, Refusal};

/// A subscriber; never used again after it is gone.
pub type Id = u32;

/// So many stale registrations make the reactor rebuild its instance (`limbo.rs`); there are never as many subscribers.
const FULL: usize = 64;

/// Which fd of which subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub id: Id,
    pub field: u8,
    pub index: u16,
}

impl Place {
    /// The one that a subscriber with one fd has.
    pub fn one(id: Id) -> Self {
        Self { id, field: 0, index: 0 }
    }
}

/// What has become of a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Watched, and the owner of its number.
    Watched,
    /// Dead or orphaned, with an entry in the kernel that may still be reported.
    Stale,
    /// Not in the kernel.
    Gone,
}

#[derive(Clone, Debug)]
pub struct PortModel {
    pub place: Place,
    pub number: Number,
    pub interest: Interest,
    pub standing: Standing,
    /// Its subscriber is registered, and has not disarmed it.
    pub registered: bool,
    /// One-shot, and called since it was last armed.
    pub fired: bool,
    /// The batch in which it was last armed.
    pub changed: u64,
}

impl PortModel {
    pub fn is_watched(&self) -> bool {
        self.registered && self.standing == Standing::Watched
    }

    /// Whether its handler is to be called when it is reported.
    pub fn can_be_called(&self) -> bool {
        self.is_watched() && !(self.interest.once && self.fired)
    }
}

/// An fd that is to be watched.
pub type Wanted = (Place, Number, Interest);

#[derive(Debug, Default)]
pub struct Reference {
    pub kernel: Kernel,
    pub ports: BTreeMap<Port, PortModel>,
    next_port: Port,
    /// The port that has each number.
    owners: BTreeMap<Number, Port>,
    stale: BTreeMap<Number, usize>,
    pub ghost_seen: bool,
    /// How many subscribers' destructors have panicked out of a removal since limbo was last tidied up.
    pub untidied: usize,
    /// How many live ports a rebuild had to give up.
    pub losses: usize,
    pub batches: Batches,
}

impl Reference {
    /// The watched ports of a subscriber that are in these fields, and at this index if there is one.
    pub fn select(&self, id: Id, fields: u64, index: Option<u16>) -> Vec<Port> {
        let is_meant = |port: &PortModel| {
            port.place.id == id
                && port.is_watched()
                && fields >> port.place.field & 1 == 1
                && index.is_none_or(|index| index == port.place.index)
        };
        self.ports.iter().filter(|(_, port)| is_meant(port)).map(|(&port, _)| port).collect()
    }

    /// The ports of a subscriber, armed or orphaned.
    pub fn all_of(&self, id: Id) -> Vec<Port> {
        let its_own = |(_, port): &(&Port, &PortModel)| port.place.id == id && port.registered;
        self.ports.iter().filter(its_own).map(|(&port, _)| port).collect()
    }

    /// The port that a place has, armed or orphaned.
    pub fn port_at(&self, place: Place) -> Option<&PortModel> {
        self.ports.values().rfind(|port| port.place == place && port.registered)
    }

    /// Watches one fd.
    pub fn add(&mut self, wanted: Wanted) -> Result<Port, Refusal> {
        let (place, number, interest) = wanted;
        let port = self.next_port;
        match self.kernel.add(number, port, interest) {
            Err(Refusal::Exists)
                if !self.owners.contains_key(&number) && self.stale.contains_key(&number) =>
            {
                self.kernel.delete(number)?;
                self.kernel.add(number, port, interest)?;
            }
            added => added?,
        }
        self.next_port += 1;
        let model = PortModel {
            place,
            number,
            interest,
            standing: Standing::Watched,
            registered: true,
            fired: false,
            changed: self.batches.serial,
        };
        self.ports.insert(port, model);
        if let Some(former) = self.owners.insert(number, port) {
            self.make_stale(former);
            self.tidy();
        }
        Ok(port)
    }

    /// Watches all of these, or none.
    pub fn add_all(&mut self, wanted: &[Wanted]) -> Result<(), Refusal> {
        if wanted.iter().any(|(place, ..)| self.port_at(*place).is_some_and(PortModel::is_watched))
        {
            return Err(Refusal::Exists);
        }
        let mut added = Vec::new();
        for &wanted in wanted {
            match self.add(wanted) {
                Ok(port) => added.push(port),
                Err(refusal) => {
                    for port in added {
                        self.remove(port);
                    }
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    fn make_stale(&mut self, port: Port) {
        let model = self.ports.get_mut(&port).unwrap();
        model.standing = Standing::Stale;
        *self.stale.entry(model.number).or_default() += 1;
    }

    /// Whether a change of interest would be refused.
    pub fn check_modify(&self, port: Port, interest: Interest) -> Result<(), Refusal> {
        let model = &self.ports[&port];
        if model.interest.exclusive || interest.exclusive {
            return Err(Refusal::Invalid);
        }
        if model.standing != Standing::Watched {
            return Err(Refusal::Unknown);
        }
        if !self.needs_modify(model, interest) {
            return Ok(());
        }
        let file = *self.kernel.names.get(&model.number).ok_or(Refusal::Closed)?;
        match self.kernel.entries.get(&(model.number, file)) {
            None => Err(Refusal::Unknown),
            Some(entry) if entry.interest.exclusive => Err(Refusal::Invalid),
            Some(_) => Ok(()),
        }
    }

    fn needs_modify(&self, model: &PortModel, interest: Interest) -> bool {
        model.interest != interest || interest.once
    }

    /// Changes the interest of a port. Its number may lead to the entry of another port by now, which is then its second one.
    pub fn modify(&mut self, port: Port, interest: Interest) -> Result<(), Refusal> {
        self.check_modify(port, interest)?;
        let model = self.ports.get_mut(&port).unwrap();
        if model.interest == interest && !interest.once {
            return Ok(());
        }
        self.kernel.modify(model.number, port, interest)?;
        model.interest = interest;
        model.fired = false;
        model.changed = self.batches.serial;
        Ok(())
    }

    /// Whether a change that is taken back leaves no trace in the kernel: an edge may be reported again by that, and a one-shot port that has
    /// been reported, or has fired.
    pub fn can_be_modified_in_vain(&self, port: Port) -> bool {
        let PortModel { number, interest, fired, .. } = self.ports[&port];
        !interest.edge && !fired && self.kernel.armed_owner(number) == Some(port)
    }

    /// A port is watched no longer. Says whether the kernel has forgotten it for sure.
    pub fn remove(&mut self, port: Port) -> bool {
        let model = self.ports.get_mut(&port).unwrap();
        model.registered = false;
        if model.standing != Standing::Watched {
            return model.standing == Standing::Gone;
        }
        let number = model.number;
        self.owners.remove(&number);
        let forgotten = self.kernel.delete(number).is_ok() && !self.stale.contains_key(&number);
        if forgotten {
            self.ports.get_mut(&port).unwrap().standing = Standing::Gone;
        } else {
            self.make_stale(port);
        }
        forgotten
    }

    /// A subscriber is removed. Says whether the kernel has forgotten all of it for sure.
    pub fn remove_all_of(&mut self, id: Id) -> bool {
        self.batches.forget(id);
        self.all_of(id).into_iter().fold(true, |forgotten, port| self.remove(port) & forgotten)
    }

    /// Between batches, a ghost or a full limbo make the reactor rebuild its instance.
    pub fn tidy(&mut self) {
        if self.batches.is_open {
            return;
        }
        self.untidied = 0;
        if self.ghost_seen || self.stale.values().sum::<usize>() >= FULL {
            self.rebuild();
        }
        self.ports.retain(|_, port| port.registered || port.standing != Standing::Gone);
    }

    fn rebuild(&mut self) {
        self.ghost_seen = false;
        self.stale.clear();
        let losses = self.losses;
        let former = std::mem::take(&mut self.kernel.entries);
        for (&port, model) in &mut self.ports {
            if model.standing != Standing::Watched {
                model.standing = Standing::Gone;
                continue;
            }
            let file = self.kernel.names.get(&model.number);
            if file.is_some_and(|&file| former.contains_key(&(model.number, file))) {
                // An edge may be reported again; a one-shot that has fired stays silent.
                let interest = if model.fired { Interest::SILENT } else { model.interest };
                self.kernel.add(model.number, port, interest).unwrap();
            } else {
                self.owners.remove(&model.number);
                model.standing = Standing::Gone;
                self.losses += 1;
            }
        }
        self.batches.bell_is_registered_again();
        if self.losses > losses {
            self.batches.call_attention();
        }
    }
}
