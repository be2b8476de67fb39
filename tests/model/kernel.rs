//! What the kernel knows, as `epoll(7)` describes it, for eventfds.
//!
//! Numbers name files; a file lives as long as a number or the test itself has it open. An entry is keyed by number and file, stays when the
//! number is closed or given to another file, and goes with its file. The reactor's own eventfd is not in here: see `batches.rs`.

use std::collections::{BTreeMap, BTreeSet};

/// A number in the table of fds.
pub type Number = usize;
/// An open file; never used again after it is gone.
pub type File = u32;
/// A port of the reactor's, from one arming to the end of that.
pub type Port = u32;

pub const READABLE: u32 = libc::EPOLLIN as u32;
pub const WRITABLE: u32 = libc::EPOLLOUT as u32;
/// What cannot be declined.
const ALWAYS: u32 = (libc::EPOLLERR | libc::EPOLLHUP) as u32;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interest {
    pub read: bool,
    pub write: bool,
    pub edge: bool,
    pub once: bool,
    pub exclusive: bool,
}

impl Interest {
    /// What a one-shot port that has fired has after a rebuild.
    pub const SILENT: Self =
        Self { read: false, write: false, edge: false, once: true, exclusive: false };

    fn asked(self) -> u32 {
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        bit(self.read, READABLE) | bit(self.write, WRITABLE)
    }

    fn private(self) -> u32 {
        let bit = |is_set, bit| if is_set { bit as u32 } else { 0 };
        bit(self.edge, libc::EPOLLET)
            | bit(self.once, libc::EPOLLONESHOT)
            | bit(self.exclusive, libc::EPOLLEXCLUSIVE)
    }
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub port: Port,
    pub interest: Interest,
    /// A one-shot entry that has been reported is not, until it is modified.
    armed: bool,
    /// On the ready list: reported at the next wait if the file is still ready.
    pub listed: bool,
}

impl Entry {
    /// Its events as `/proc/self/fdinfo` shows them.
    fn events(&self) -> u32 {
        let public = if self.armed { self.interest.asked() | ALWAYS } else { 0 };
        public | self.interest.private()
    }
}

#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// `EBADF`
    Closed,
    /// `EEXIST`
    Exists,
    /// `ENOENT`
    Unknown,
    /// `EINVAL`
    Invalid,
}

#[derive(Debug, Default)]
pub struct Kernel {
    /// The file of each number.
    pub names: BTreeMap<Number, File>,
    /// The counter of each living file.
    pub counters: BTreeMap<File, u64>,
    /// Files that the test holds open by itself.
    pub held: BTreeSet<File>,
    pub entries: BTreeMap<(Number, File), Entry>,
}

impl Kernel {
    pub fn open(&mut self, number: Number, file: File) {
        let former = self.names.insert(number, file);
        self.bury(former);
    }

    pub fn close(&mut self, number: Number) {
        let former = self.names.remove(&number);
        self.bury(former);
    }

    pub fn let_go(&mut self, file: File) {
        self.held.remove(&file);
        self.bury(Some(file));
    }

    fn bury(&mut self, file: Option<File>) {
        let Some(file) = file else { return };
        if !self.held.contains(&file) && !self.names.values().any(|&other| other == file) {
            self.counters.remove(&file);
            self.entries.retain(|&(_, other), _| other != file);
        }
    }

    /// What the file is ready for, of what is asked.
    fn ready(counters: &BTreeMap<File, u64>, file: File, interest: Interest) -> u32 {
        match counters.get(&file) {
            Some(0) => WRITABLE & interest.asked(),
            Some(_) => (WRITABLE | READABLE) & interest.asked(),
            None => 0,
        }
    }

    /// Wakes those who ask for this.
    fn wake(&mut self, file: File, bit: u32) {
        for (_, entry) in self.entries.iter_mut().filter(|((_, other), _)| *other == file) {
            entry.listed |= entry.armed && entry.interest.asked() & bit != 0;
        }
    }

    pub fn fire(&mut self, file: File) {
        *self.counters.get_mut(&file).unwrap() += 1;
        self.wake(file, READABLE);
    }

    pub fn drain(&mut self, file: File) {
        if std::mem::take(self.counters.get_mut(&file).unwrap()) > 0 {
            self.wake(file, WRITABLE);
        }
    }

    pub fn add(&mut self, number: Number, port: Port, interest: Interest) -> Result<(), Refusal> {
        let file = *self.names.get(&number).ok_or(Refusal::Closed)?;
        if self.entries.contains_key(&(number, file)) {
            return Err(Refusal::Exists);
        }
        let listed = Self::ready(&self.counters, file, interest) != 0;
        self.entries.insert((number, file), Entry { port, interest, armed: true, listed });
        Ok(())
    }

    pub fn modify(
        &mut self,
        number: Number,
        port: Port,
        interest: Interest,
    ) -> Result<(), Refusal> {
        let file = *self.names.get(&number).ok_or(Refusal::Closed)?;
        let entry = self.entries.get_mut(&(number, file)).ok_or(Refusal::Unknown)?;
        if entry.interest.exclusive {
            return Err(Refusal::Invalid);
        }
        // The entry keeps its place on the ready list; whether it is reported is found out at the wait.
        let listed = entry.listed || Self::ready(&self.counters, file, interest) != 0;
        *entry = Entry { port, interest, armed: true, listed };
        Ok(())
    }

    pub fn delete(&mut self, number: Number) -> Result<(), Refusal> {
        let file = *self.names.get(&number).ok_or(Refusal::Closed)?;
        self.entries.remove(&(number, file)).map(drop).ok_or(Refusal::Unknown)
    }

    /// Whose entry the number leads to, if that may be reported.
    pub fn armed_owner(&self, number: Number) -> Option<Port> {
        let file = *self.names.get(&number)?;
        self.entries.get(&(number, file)).filter(|entry| entry.armed).map(|entry| entry.port)
    }

    /// The ports that one `epoll_wait` with room for all reports, and what of.
    pub fn wait(&mut self) -> Vec<(Port, u32)> {
        let mut reports = Vec::new();
        for (&(_, file), entry) in &mut self.entries {
            if !entry.listed {
                continue;
            }
            let ready = Self::ready(&self.counters, file, entry.interest);
            if ready == 0 || !entry.armed {
                entry.listed = false;
                continue;
            }
            reports.push((entry.port, ready));
            entry.listed = !entry.interest.edge && !entry.interest.once;
            entry.armed = !entry.interest.once;
        }
        reports
    }

    /// Whether a wait would report anything.
    pub fn would_report(&self) -> bool {
        self.entries.iter().any(|(&(_, file), entry)| {
            entry.listed && entry.armed && Self::ready(&self.counters, file, entry.interest) != 0
        })
    }

    /// All entries, as `/proc/self/fdinfo` shows them.
    pub fn registrations(&self) -> Vec<(Number, u32)> {
        self.entries.iter().map(|(&(number, _), entry)| (number, entry.events())).collect()
    }
}
