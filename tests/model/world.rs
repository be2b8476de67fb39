//! The state of a random program's reactor: the program itself, the model, the real files, and what is known of each subscriber.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;

use eventp::{Error, Eventp, Key, Notifier, Pinned, Remote};

use super::kernel::{File, Interest, Number};
use super::reference::{Id, Place, Reference};
use super::subscribers::{FIRST, Log, NUMBERS, Name, Share, Wish, close, real_number, ring};
use super::{Program, handlers, procfs, trace};

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
    next_file: File,
    next_id: Id,
    next_job: u64,
    pub remote: Option<Remote<Self>>,
    pub notifiers: BTreeMap<Id, Notifier>,
    /// What the nested reactor's run call answered, if it was run.
    pub ran: Option<usize>,
}

impl World {
    pub fn new(program: Program) -> Self {
        Self {
            program,
            model: Reference::default(),
            subs: BTreeMap::new(),
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

    fn pick_file(&mut self) -> Option<File> {
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

/// Files.
impl World {
    /// Gives a number a new file.
    pub fn open_new(&mut self) {
        let number = self.number();
        self.open_new_at(number);
    }

    pub fn open_new_at(&mut self, number: Number) {
        // SAFETY: takes no pointer.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        assert!(fd >= 0);
        // SAFETY: just opened, and nobody else knows the number.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let file = self.next_file;
        self.next_file += 1;
        self.model.kernel.counters.insert(file, 0);
        self.model.kernel.held.insert(file);
        self.files.insert(file, fd);
        self.open(number, file);
    }

    pub fn open_known(&mut self) {
        if let Some(file) = self.pick_file() {
            let number = self.number();
            self.open(number, file);
        }
    }

    fn open(&mut self, number: Number, file: File) {
        // SAFETY: takes no pointer; the numbers are the test's.
        let got = unsafe { libc::dup2(self.files[&file].as_raw_fd(), real_number(number)) };
        assert_eq!(got, real_number(number));
        trace!("open number {number} file {file}");
        self.model.kernel.open(number, file);
    }

    pub fn close(&mut self) {
        let number = self.number();
        trace!("close number {number}");
        assert_eq!(close(real_number(number)), self.model.kernel.names.contains_key(&number));
        self.model.kernel.close(number);
    }

    /// The test no longer holds a file open by itself: it goes with the last number.
    pub fn let_go(&mut self) {
        if let Some(file) = self.pick_file() {
            self.files.remove(&file);
            trace!("let go {file}");
            self.model.kernel.let_go(file);
        }
    }

    /// Fires a file, by a number of its, and rarely one that may have none.
    pub fn fire(&mut self) {
        if self.program.chance(8) {
            let Some(file) = self.pick_file() else { return };
            ring(self.files[&file].as_raw_fd());
            self.model.kernel.fire(file);
            return;
        }
        let number = self.number();
        trace!("fire number {number}");
        if let Some(&file) = self.model.kernel.names.get(&number) {
            ring(real_number(number));
            self.model.kernel.fire(file);
        }
    }

    pub fn drain(&mut self) {
        if let Some(file) = self.pick_file() {
            trace!("drain {file}");
            let mut counter = [0u8; 8];
            // SAFETY: eight bytes are written to `counter`.
            unsafe {
                libc::read(self.files[&file].as_raw_fd(), counter.as_mut_ptr().cast(), 8);
            }
            self.model.kernel.drain(file);
        }
    }
}

/// Remotes.
impl World {
    fn new_job(&mut self) -> u64 {
        self.next_job += 1;
        self.next_job
    }

    /// The closure of a job: it tells that it runs, and does what a handler could.
    pub fn send_job(remote: &Remote<Self>, job: u64) -> io::Result<()> {
        remote.send(move |world: &mut Self, pinned: Pinned<'_, Eventp<Self>>| {
            handlers::job(job, world, pinned)
        })
    }

    fn is_crowded(&self) -> bool {
        self.model.batches.jobs.len() >= 32
    }

    pub fn send(&mut self) {
        let Some(remote) = self.remote.clone().filter(|_| !self.is_crowded()) else { return };
        let job = self.new_job();
        trace!("send {job}");
        let sent = Self::send_job(&remote, job);
        if self.model.batches.door_is_closed {
            assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        } else {
            sent.unwrap();
            self.model.batches.send(job);
        }
    }

    /// Notifies, and sends a closure that shows when that was answered.
    pub fn notify(&mut self) {
        let nth = self.program.byte();
        let Some(nth) = usize::from(nth).checked_rem(self.notifiers.len()) else { return };
        let Some((&id, notifier)) = self.notifiers.iter().nth(nth) else { return };
        if self.model.batches.door_is_closed || self.remote.is_none() || self.is_crowded() {
            return;
        }
        trace!("notify {id}");
        match self.next_job % 2 {
            0 => notifier.notify().unwrap(),
            _ => notifier.waker().wake(),
        }
        self.model.batches.notify(id);
        self.send();
    }

    /// A stop from outside, of which a closure shows when it was answered.
    pub fn stop_by_remote(&mut self) {
        let Some(remote) = self.remote.clone() else { return };
        if !self.model.batches.door_is_closed && !self.is_crowded() {
            trace!("stop by remote");
            remote.stop().unwrap();
            self.model.batches.hand_in_stop();
            self.send();
        }
    }

    /// A wish for the next destructor.
    pub fn wish(&mut self) {
        let remote = self.remote.clone();
        let remote = remote.filter(|_| !self.is_crowded() && !self.model.batches.door_is_closed);
        let wish = match (self.program.below(8), remote) {
            (0, _) => self.pick_file().map(|file| Wish::Ring(self.files[&file].as_raw_fd())),
            (1, _) => Some(Wish::Close(real_number(self.number()))),
            (2, Some(remote)) => Some(Wish::Send(remote, self.new_job())),
            (3, Some(remote)) => {
                let notifier = self.notifiers.values().next().cloned();
                notifier.map(|notifier| Wish::Notify(notifier, remote, self.new_job()))
            }
            _ => None,
        };
        self.log.borrow_mut().wish = wish;
    }

    /// A destructor is about to carry out its wish: so does the model.
    pub fn foresee_wish(&mut self) {
        let log = Rc::clone(&self.log);
        let log = log.borrow();
        trace!("wish {:?}", log.wish);
        match &log.wish {
            None => {}
            Some(Wish::Close(number)) => self.model.kernel.close((number - FIRST) as Number),
            Some(Wish::Ring(number)) => {
                let is_it = |file: &OwnedFd| file.as_raw_fd() == *number;
                let file = self.files.iter().find(|(_, fd)| is_it(fd)).map(|(&file, _)| file);
                self.model.kernel.fire(file.unwrap());
            }
            Some(Wish::Send(_, job)) => self.model.batches.send(*job),
            Some(Wish::Notify(notifier, _, job)) => {
                let is_it = |(_, other): &(&Id, &Notifier)| other.key() == notifier.key();
                let id = self.notifiers.iter().find(is_it).map(|(&id, _)| id).unwrap();
                self.model.batches.notify(id);
                self.model.batches.send(*job);
            }
        }
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
        self.subs.remove(&id);
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

pub fn close_all() {
    for number in 0..NUMBERS {
        close(real_number(number));
    }
}
