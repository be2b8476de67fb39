//! Interests of ports change.
//!
//! In come ports and an interest, out go `EPOLL_CTL_MOD`s: for all of the ports, or for none. The interest in force is in the header, so a handler
//! can change that of its own subscriber (I2).

use std::io;

use super::Engine;
use super::arm::find_calls;
use crate::error::Error;
use crate::header::{Block, Calls, Header, Standing, data_of};
use crate::interest::Interest;
use crate::ports::PortKey;
use crate::refusal;

impl Engine {
    /// The interest in force, of the first port that is meant.
    pub(crate) fn interest(&self, ports: PortKey) -> Result<Interest, Error> {
        let mut selected = Vec::new();
        self.select("interest", ports, &mut selected)?;
        // SAFETY: I1: registered, so allocated; a plain copy is read.
        Ok(unsafe { (*selected[0]).interest })
    }

    /// Changes the interest of ports, those of the running subscriber included: it is in the header, so no value is touched (I2).
    pub(crate) fn modify(&mut self, ports: PortKey, interest: Interest) -> Result<(), Error> {
        if ports.only.is_none() {
            let block = self.find("modify", ports.key)?;
            if let Some(header) = block.one() {
                let calls = find_modified(block, header, interest)?;
                return self.modify_one(block, header, calls, interest);
            }
        }
        let mut selected = Vec::new();
        let block = self.select("modify", ports, &mut selected)?;
        // SAFETY: I1: registered, so allocated; plain copies are read.
        let before: Vec<Header> = selected.iter().map(|&header| unsafe { *header }).collect();
        // User code, which may panic: nothing has changed yet (I4).
        let calls = selected.iter().map(|&header| find_modified(block, header, interest));
        let calls = calls.collect::<Result<Vec<_>, _>>()?;
        for (nth, (&header, calls)) in selected.iter().zip(calls).enumerate() {
            if let Err(error) = self.modify_one(block, header, calls, interest) {
                for (&modified, before) in selected[..nth].iter().zip(&before) {
                    self.restore(modified, before);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes back a `modify` of a port; one that has fired stays silent.
    fn restore(&mut self, header: *mut Header, before: &Header) {
        let interest = match before.standing {
            Standing::Fired => crate::interest::interest().oneshot(),
            _ => before.interest,
        };
        // It has just been modified, so the kernel knows it; what it still refuses stays as it is.
        if self.epoll.modify(before.fd, interest, data_of(header)).is_ok() {
            // SAFETY: I1: registered, so allocated; plain data. All of it: a one-shot report that is still to come in this batch is
            // the port's one shot, though the kernel has been told to report it again.
            unsafe { *header = *before };
        }
    }

    fn modify_one(
        &mut self,
        block: Block,
        header: *mut Header,
        calls: Calls,
        interest: Interest,
    ) -> Result<(), Error> {
        // SAFETY: I1: the subscriber is registered, so its headers are allocated; a plain copy is read.
        let Header { interest: current, fd, standing, .. } = unsafe { *header };
        let changed = match standing {
            Standing::Armed if interest == current && !interest.is_oneshot() => return Ok(()),
            Standing::Armed | Standing::Fired => self.epoll.modify(fd, interest, data_of(header)),
            Standing::Orphaned | Standing::Absent => {
                Err(io::Error::from_raw_os_error(libc::ENOENT))
            }
            Standing::Notified => {
                let reason = "it has no fd; it is called when its notifier says so";
                Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
            }
        };
        changed.map_err(|error| Error::at_port("modify", block, header, error))?;
        // SAFETY: as above; plain fields are written. `call` is of the type's own table.
        unsafe {
            (*header).interest = interest;
            (*header).call = calls.under(interest);
            (*header).standing = Standing::Armed;
            (*header).changed = self.batch.serial;
        }
        Ok(())
    }
}

/// What delivers the events of a port when it has this interest, if it can have that.
fn find_modified(block: Block, header: *mut Header, interest: Interest) -> Result<Calls, Error> {
    // SAFETY: I1: of a registered subscriber, so allocated; plain copies are read.
    let Header { interest: current, field, .. } = unsafe { *header };
    refusal::check_exclusive(current, interest)
        .and_then(|()| find_calls(block.meta(), field))
        .map_err(|error| Error::at_port("modify", block, header, error))
}
