//! The state of a random program's reactor: the program itself, the model, the real files, and what is known of each subscriber.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use eventp::{Error, Eventp, Key, Notifier, Remote};

use super::kernel::{File, Interest, Number};
use super::names::{Name, Share};
use super::reference::{Id, Place, Reference, Standing};
use super::subscribers::{FIRST, Log, NUMBERS};
use super::{Program, counting, procfs, trace};

/// A registered subscriber.
#[derive(Clone, Copy, Debug)]
pub struct Sub {
    pub name: Name,
    /// Its cell is poisoned or borrowed, so its handler cannot be called.
    pub is_broken: bool,
}

pub struct World {
    pub program: Program,
    pub model: Reference,
    pub subs: BTreeMap<Id, Sub>,
    /// The names of some that have left: they name nobody any more.
    pub former: VecDeque<Name>,
    pub shares: BTreeMap<Id, Share>,
    /// How many have each value: the reactor and a share.
    holders: BTreeMap<Id, usize>,
    /// The values that have not been dropped.
    alive: BTreeSet<Id>,
    pub log: Rc<RefCell<Log>>,
    /// Deleted itself in its handler, which goes on; or which has panicked, so that it is dropped at the next run call.
    pub doomed: Option<Id>,
    /// The keys of errors that have still to be told.
    pub errors: VecDeque<Option<Key>>,
    losses_told: usize,
    /// One fd for each living file that the test holds by itself.
    pub files: BTreeMap<File, OwnedFd>,
    pub next_file: File,
    next_id: Id,
    pub next_job: u64,
    pub remote: Option<Remote<Self>>,
    pub notifiers: BTreeMap<Id, Notifier>,
    /// What the nested reactor's run call answered, if it was run.
    pub ran: Option<usize>,
    /// How many marked allocations there were before all that.
    marked_before: isize,
}

impl World {
    pub fn new(program: Program) -> Self {
        Self {
            program,
            model: Reference::default(),
            subs: BTreeMap::new(),
            former: VecDeque::new(),
            shares: BTreeMap::new(),
            holders: BTreeMap::new(),
            alive: BTreeSet::new(),
            log: Rc::default(),
            doomed: None,
            errors: VecDeque::new(),
            losses_told: 0,
            files: BTreeMap::new(),
            next_file: 0,
            next_id: 0,
            next_job: 0,
            remote: None,
            notifiers: BTreeMap::new(),
            ran: None,
            marked_before: counting::marked(),
        }
    }

    pub fn number(&mut self) -> Number {
        self.program.below(NUMBERS)
    }

    pub fn some_interest(&mut self) -> Interest {
        let bits = self.program.byte();
        let interest = Interest { read: bits & 7 != 0, edge: bits & 8 != 0, ..Interest::default() };
        match bits >> 4 & 7 {
            0 | 1 => Interest { once: true, ..interest },
            2 => Interest { write: true, ..interest },
            3 => Interest { exclusive: bits & 128 != 0, ..interest },
            _ => interest,
        }
    }

    /// Any registered subscriber.
    pub fn pick(&mut self) -> Option<(Id, Sub)> {
        let nth = self.program.byte();
        let nth = usize::from(nth).checked_rem(self.subs.len())?;
        self.subs.iter().nth(nth).map(|(&id, &sub)| (id, sub))
    }

    pub fn pick_file(&mut self) -> Option<File> {
        let nth = self.program.byte();
        let nth = usize::from(nth).checked_rem(self.files.len())?;
        self.files.keys().nth(nth).copied()
    }

    /// The name of a new value.
    pub fn new_value(&mut self) -> Id {
        let id = self.next_id;
        self.next_id += 1;
        self.alive.insert(id);
        id
    }

    /// A subscriber leaves the reactor; says whether it had not before.
    pub fn unregister(&mut self, id: Id) -> bool {
        let Some(sub) = self.subs.remove(&id) else { return false };
        self.former.truncate(7);
        self.former.push_front(sub.name);
        true
    }

    /// Somebody more has a value.
    pub fn hold(&mut self, id: Id) {
        *self.holders.entry(id).or_default() += 1;
    }

    /// Somebody less has it; says whether it is dropped.
    pub fn release(&mut self, id: Id) -> bool {
        let holders = self.holders.get_mut(&id).expect("held");
        *holders -= 1;
        let is_last = *holders == 0;
        if is_last {
            self.holders.remove(&id);
        }
        is_last
    }

    pub fn will_be_dropped(&self, id: Id) -> bool {
        self.holders.get(&id) == Some(&1)
    }

    pub fn was_dropped(&self, id: Id) -> bool {
        self.log.borrow().dropped.contains(&id)
    }
}

/// What holds.
impl World {
    /// The error hook.
    pub fn heard(&mut self, error: &Error) {
        trace!("heard {error}");
        if self.model.batches.is_lost {
            return;
        }
        match error.operation() {
            "rebuild" => self.losses_told += 1,
            "spin" => {}
            "handle" | "remote" if self.errors.front() == Some(&error.key()) => {
                self.errors.pop_front();
            }
            "handle" => self.heard_of_broken(error),
            other => panic!("{other}: {error}"),
        }
        if error.operation() == "spin" {
            self.model.batches.call_attention();
        }
    }

    /// An event of a subscriber whose cell is poisoned or borrowed: that was reported, and removes it.
    fn heard_of_broken(&mut self, error: &Error) {
        let is_it = |(_, sub): &(&Id, &Sub)| Some(sub.name.key()) == error.key();
        let Some((&id, &sub)) = self.subs.iter().find(is_it) else { panic!("whose? {error}") };
        assert!(sub.is_broken, "{error}");
        let number = (error.fd().expect("a port") - FIRST) as Number;
        let port = self.model.ports.values();
        let mut port = port.filter(|port| port.place.id == id && port.can_be_called());
        let place = port.find(|port| port.number == number).map(|port| port.place);
        self.model.called(place.unwrap_or(Place::one(id)), None);
        self.unregister(id);
        self.model.remove_all_of(id);
        self.release(id);
        self.model.batches.call_attention();
    }

    /// A handler or a closure fails.
    pub fn failed(&mut self, key: Option<Key>) {
        self.errors.push_back(key);
        self.model.batches.call_attention();
    }

    /// What holds between any two operations.
    pub fn check(&mut self, reactor: &Eventp<Self>, kernel: &mut procfs::Registrations) {
        assert_eq!(reactor.len(), self.subs.len());
        assert_eq!(reactor.is_stopping(), self.model.batches.is_stopping);
        for id in std::mem::take(&mut self.log.borrow_mut().dropped) {
            assert!(self.alive.remove(&id), "dropped twice");
        }
        assert!(self.alive.iter().eq(self.holders.keys()), "{:?} {:?}", self.alive, self.holders);
        kernel.check(&self.model.kernel);
        if !self.model.batches.is_open {
            self.check_limbo();
        }
    }

    /// Between batches, limbo has nobody but those that the kernel may still report, and those that a panic has left there until the next look.
    /// One block more may be kept as a spare.
    fn check_limbo(&self) {
        let is_notified = |sub: &&Sub| matches!(sub.name, Name::Notified(_));
        let bodies = self.alive.len() - self.subs.values().filter(is_notified).count();
        let stale = self.model.ports.values().filter(|port| port.standing == Standing::Stale);
        let mut parked: BTreeSet<Id> = stale.map(|port| port.place.id).collect();
        parked.retain(|id| !self.subs.contains_key(id));
        let most = bodies + parked.len() + self.model.untidied + 1;
        let blocks = counting::marked() - self.marked_before;
        assert!(
            (bodies as isize..=most as isize).contains(&blocks),
            "{blocks} blocks for {bodies} bodies, and {parked:?} that may be reported"
        );
    }

    /// What holds after a run call that has not been interrupted.
    pub fn check_told(&self) {
        assert!(self.errors.is_empty(), "each error is told once, at the end of its run call");
        assert_eq!(self.losses_told, self.model.losses);
    }

    /// The reactor is gone: only shares have values now, and then nobody.
    pub fn check_dropped(mut self) {
        let is_left = |world: &Self| {
            world
                .alive
                .difference(&world.log.borrow().dropped.iter().copied().collect())
                .copied()
                .collect::<Vec<_>>()
        };
        assert!(is_left(&self).iter().eq(self.shares.keys()), "dropped exactly once");
        self.shares.clear();
        assert!(is_left(&self).is_empty());
        let dropped = std::mem::take(&mut self.log.borrow_mut().dropped);
        assert!(dropped.into_iter().all(|id| self.alive.remove(&id)), "dropped twice");
    }
}
