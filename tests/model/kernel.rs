//! What the kernel knows, as `epoll(7)` describes it, for eventfds that are watched for reading.
//!
//! Numbers name files; a file lives as long as a number or the test itself has it open. An entry is keyed by number and file, stays when the
//! number is closed or given to another file, and goes with its file.

use std::collections::{BTreeMap, BTreeSet};

/// A number in the table of fds.
pub type Number = usize;
/// An open file; never used again after it is gone.
pub type File = u32;
/// A port of the reactor's.
pub type Port = u32;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest {
    pub read: bool,
    pub edge: bool,
    pub once: bool,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub port: Port,
    pub interest: Interest,
    /// A one-shot entry that has been reported is not, until it is modified.
    pub armed: bool,
    /// On the ready list: reported at the next wait if the file is still ready.
    pub listed: bool,
}

#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// `EBADF`
    Closed,
    /// `EEXIST`
    Exists,
    /// `ENOENT`
    Unknown,
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

    fn is_ready(&self, file: File) -> bool {
        self.counters.get(&file).is_some_and(|&counter| counter > 0)
    }

    pub fn fire(&mut self, file: File) {
        *self.counters.get_mut(&file).unwrap() += 1;
        for (_, entry) in self.entries.iter_mut().filter(|((_, other), _)| *other == file) {
            entry.listed |= entry.armed && entry.interest.read;
        }
    }

    pub fn drain(&mut self, file: File) {
        if let Some(counter) = self.counters.get_mut(&file) {
            *counter = 0;
        }
    }

    pub fn add(&mut self, number: Number, port: Port, interest: Interest) -> Result<(), Refusal> {
        let file = *self.names.get(&number).ok_or(Refusal::Closed)?;
        if self.entries.contains_key(&(number, file)) {
            return Err(Refusal::Exists);
        }
        let listed = interest.read && self.is_ready(file);
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
        let is_ready = self.is_ready(file);
        let entry = self.entries.get_mut(&(number, file)).ok_or(Refusal::Unknown)?;
        // The entry keeps its place on the ready list; whether it is reported is found out at the wait.
        let listed = entry.listed || (interest.read && is_ready);
        *entry = Entry { port, interest, armed: true, listed };
        Ok(())
    }

    pub fn delete(&mut self, number: Number) -> Result<(), Refusal> {
        let file = *self.names.get(&number).ok_or(Refusal::Closed)?;
        self.entries.remove(&(number, file)).map(drop).ok_or(Refusal::Unknown)
    }

    /// Whose entry the number leads to.
    pub fn owner(&self, number: Number) -> Option<Port> {
        let file = *self.names.get(&number)?;
        self.entries.get(&(number, file)).map(|entry| entry.port)
    }

    /// The ports that one `epoll_wait` with room for all reports.
    pub fn wait(&mut self) -> Vec<Port> {
        let mut ports = Vec::new();
        for (&(_, file), entry) in &mut self.entries {
            if !entry.listed {
                continue;
            }
            let is_ready = self.counters.get(&file).is_some_and(|&counter| counter > 0);
            if !(is_ready && entry.armed && entry.interest.read) {
                entry.listed = false;
                continue;
            }
            ports.push(entry.port);
            entry.listed = !entry.interest.edge && !entry.interest.once;
            entry.armed = !entry.interest.once;
        }
        ports
    }
}
