//! Ports of a registered subscriber come and go.
//!
//! In come the fds that its fields have now, out go registrations of all of them, or of none. Each wanted port gets a header that has no port and
//! that no report of the batch in hand can reach.

use std::io;
use std::os::fd::RawFd;

use super::Engine;
use crate::error::Error;
use crate::header::{Block, Calls, Header, Meta, Standing, Unit};
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::ports::PortKey;
use crate::refusal;

/// A port that is to be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) port: Port,
    pub(crate) fd: RawFd,
    pub(crate) interest: Interest,
    /// What delivers its events; filled in by [`find_calls`].
    calls: Option<Calls>,
    /// The header that it gets.
    header: *mut Header,
}

impl Wanted {
    pub(crate) fn new(port: Port, fd: RawFd, interest: Interest) -> Self {
        Self { port, fd, interest, calls: None, header: core::ptr::null_mut() }
    }
}

impl Engine {
    /// Has the kernel watch all of these, or none.
    pub(crate) fn arm(
        &mut self,
        key: Key,
        block: Block,
        wanted: &mut [Wanted],
    ) -> Result<(), Error> {
        find_all_calls(block.meta(), wanted)
            .map_err(|error| Error::at("arm", key, block, error))?;
        self.arm_all("arm", key, block, wanted)
    }

    pub(super) fn arm_all(
        &mut self,
        operation: &'static str,
        key: Key,
        block: Block,
        wanted: &mut [Wanted],
    ) -> Result<(), Error> {
        if let Some(again) = self.assign_headers(key, block, wanted) {
            let error = refusal::armed_already();
            return Err(Error::wanting(operation, key, block, &wanted[again], error));
        }
        for nth in 0..wanted.len() {
            if let Err(error) = self.arm_one(&wanted[nth]) {
                for armed in &wanted[..nth] {
                    self.release(armed.header);
                }
                return Err(Error::wanting(operation, key, block, &wanted[nth], error));
            }
        }
        Ok(())
    }

    /// Gives each wanted port a header without a port, and makes what is missing; or says which of them is armed already. A header that died
    /// in this batch has to wait: its old report, if there is one, must not reach its new port.
    fn assign_headers(&mut self, key: Key, block: Block, wanted: &mut [Wanted]) -> Option<usize> {
        let batch = self.is_in_batch().then_some(self.batch.serial);
        let (mut assigned, mut again) = (0, None);
        self.registry.headers(key, block).for_each(|place| {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            let header = unsafe { *place };
            if header.standing.is_watched() {
                // They are asked for in this order (`find_fds`).
                let armed = wanted.binary_search_by_key(&header.port(), |w| w.port).ok();
                again = again.into_iter().chain(armed).min();
            } else if header.standing == Standing::Absent
                && batch != Some(header.changed)
                && assigned < wanted.len()
            {
                wanted[assigned].header = place;
                assigned += 1;
            }
        });
        if again.is_none() && assigned < wanted.len() {
            let unit = Unit::new(wanted.len() - assigned, self.absent(key), block);
            wanted[assigned..].iter_mut().zip(unit.headers()).for_each(|(w, h)| w.header = h);
            self.registry.extend(key, unit);
        }
        again
    }

    fn arm_one(&mut self, wanted: &Wanted) -> io::Result<()> {
        let &Wanted { port, fd, interest, calls, header } = wanted;
        let Some(calls) = calls else { unreachable!("found before") };
        self.register(fd, interest, header)?;
        // SAFETY: I1: registered subscriber, so allocated; plain fields are written. `call` is of the type's own table.
        unsafe {
            (*header).call = calls.under(interest);
            (*header).fd = fd;
            (*header).interest = interest;
            (*header).changed = self.batch.serial;
            (*header).index = port.index;
            (*header).field = port.field;
            (*header).standing = Standing::Armed;
        }
        self.claim(fd, header);
        Ok(())
    }

    /// Has the kernel watch these ports no longer.
    pub(crate) fn disarm(&mut self, ports: PortKey) -> Result<(), Error> {
        let mut selected = core::mem::take(&mut self.scratch);
        let block = self.select("disarm", ports, &mut selected)?;
        if block.meta().near.is_some() {
            return Err(Error::at("disarm", ports.key, block, refusal::never_disarmed()));
        }
        for &header in &selected {
            self.release(header);
        }
        self.scratch = selected;
        self.tidy();
        Ok(())
    }
}

/// What delivers the events of a field. User code, where there are several: nothing may be half done when it is asked (I4).
#[inline]
pub(super) fn find_calls(meta: &Meta, field: u8) -> io::Result<Calls> {
    let found = match meta.near {
        Some(calls) => Some(calls),
        None => (meta.calls)(field),
    };
    found.ok_or_else(refusal::no_such_field)
}

pub(super) fn find_all_calls(meta: &Meta, wanted: &mut [Wanted]) -> io::Result<()> {
    for wanted in wanted {
        wanted.calls = Some(find_calls(meta, wanted.port.field)?);
    }
    Ok(())
}
