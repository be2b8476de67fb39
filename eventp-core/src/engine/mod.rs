//! `add`, `modify`, `delete` and the rebuild: kernel, registry and limbo kept in step.
//!
//! In come blocks and keys, out go `epoll_ctl` calls. No state type and no handler appears here, so nothing is compiled once per
//! `S`. What must stay true between any two statements that can unwind: a block is either in the registry, or in limbo, or owned by
//! the function at work; and I1 holds. User code runs in two places: destructors in [`Engine::drop_value`], always *after* the block has been put into
//! limbo, so one that panics loses nothing; and `Ports::call`, behind [`arm::find_calls`], always *before* anything is changed.
//!
//! | file | what |
//! |---|---|
//! | `register.rs` | a subscriber comes |
//! | `arm.rs` | its ports come and go |
//! | `modify.rs` | their interests change |
//! | `remove.rs` | it goes: at once, or when its handler has returned |
//! | `batch.rs` | from the wait to the end of the batch |
//! | `trigger.rs` | batches without the kernel |
//! | `rebuild.rs` | a new epoll instance for the live ports |
//! | `spin.rs` | who spins |

mod arm;
mod batch;
mod modify;
mod rebuild;
mod register;
mod remove;
#[cfg(any(debug_assertions, feature = "spin-detector"))]
mod spin;
mod trigger;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::error::Error;
use crate::flow::Flow;
use crate::header::{Block, Header, Spare};
use crate::key::Key;
use crate::limbo::Limbo;
use crate::ports::PortKey;
use crate::refusal;
use crate::registry::Registry;
use crate::remote::notifier::Alert;
use crate::remote::wake::Wake;
use crate::sys::Epoll;
use crate::todo::Todo;

pub(crate) use arm::Wanted;
pub(crate) use batch::{Batch, check_interrupted, dead};
use rebuild::Rebuild;
use trigger::Triggered;

/// The part of the reactor that knows no state type.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) todo: Todo,
    /// Whether `run_once` has heeded the stop that was asked for.
    pub(crate) stop_heeded: bool,
    rebuild: Rebuild,
    /// What the handler that ran last answered.
    pub(crate) outcome: io::Result<Flow>,
    /// The running subscriber, deleted: its value is dropped when the handler has returned.
    doomed: Option<Block>,
    pub(crate) batch: Batch,
    pub(crate) epoll: Epoll,
    pub(crate) registry: Registry,
    limbo: Limbo,
    spare: Spare,
    pub(crate) wake: Option<Wake>,
    /// An epoll instance that watches ours, for who nests this reactor.
    outer: Option<Epoll>,
    /// Who is to be called without an event, and the batch that was opened for that last.
    triggered: VecDeque<Triggered>,
    last_triggered: Option<u32>,
    pub(crate) errors: VecDeque<Error>,
    /// Room for the headers that an operation selects, and for the ports that one arms: kept, to save allocations.
    scratch: Vec<*mut Header>,
    pub(crate) wanted: Vec<Wanted>,
    /// Room for who has been notified.
    pub(crate) alerts: Vec<Arc<Alert>>,
    #[cfg(any(debug_assertions, feature = "spin-detector"))]
    spin: spin::Spin,
}

impl Engine {
    pub(crate) fn new(batch: usize, subscribers: usize) -> io::Result<Self> {
        let no_memory = |_| Error::of("create", io::ErrorKind::OutOfMemory.into());
        Ok(Self {
            todo: Todo::NOTHING,
            stop_heeded: false,
            rebuild: Rebuild::default(),
            outcome: Ok(Flow::Keep),
            doomed: None,
            batch: Batch::with_room_for(batch).map_err(no_memory)?,
            epoll: Epoll::new().map_err(|e| Error::of("create", e))?,
            registry: Registry::with_capacity(subscribers).map_err(no_memory)?,
            limbo: Limbo::default(),
            spare: Spare::default(),
            wake: None,
            outer: None,
            triggered: VecDeque::new(),
            last_triggered: None,
            errors: VecDeque::new(),
            scratch: Vec::new(),
            wanted: Vec::new(),
            alerts: Vec::new(),
            #[cfg(any(debug_assertions, feature = "spin-detector"))]
            spin: spin::Spin::default(),
        })
    }

    /// Copies of the headers of all ports that are watched, or would be but for their one shot.
    pub(crate) fn ports(&self, key: Key, block: Block) -> Vec<Header> {
        // SAFETY: I1: registered, so allocated; plain copies are read.
        let headers = self.registry.headers(key, block).map(|header| unsafe { *header });
        headers.filter(|header| header.standing.is_watched()).collect()
    }

    /// Has reports of this header reach nobody from now on.
    ///
    /// # Safety
    ///
    /// `header` is allocated.
    unsafe fn silence(&self, header: *mut Header) {
        // SAFETY: allocated (caller); plain fields are written.
        unsafe {
            (*header).call = dead;
            (*header).changed = self.batch.serial;
        }
    }

    pub(crate) fn find(&self, operation: &'static str, key: Key) -> Result<Block, Error> {
        self.registry.find(key).ok_or_else(|| Error::unknown(operation, key))
    }

    /// The watched ports that are meant; of a subscriber with one fd always that one.
    fn select(
        &self,
        operation: &'static str,
        ports: PortKey,
        selected: &mut Vec<*mut Header>,
    ) -> Result<Block, Error> {
        let PortKey { key, only } = ports;
        let block = self.find(operation, key)?;
        if only.is_some_and(|only| !only.is_of((block.meta().struct_id)())) {
            return Err(Error::unknown(operation, key));
        }
        selected.clear();
        if let Some(header) = block.one() {
            selected.push(header);
            return Ok(block);
        }
        let refused = |reason| Err(Error::at(operation, key, block, reason));
        let Some(only) = only else { return refused(refusal::which_port()) };
        self.registry.headers(key, block).for_each(|place| {
            // SAFETY: I1: registered, so allocated; a plain copy is read.
            let header = unsafe { *place };
            if header.standing.is_watched() && only.has(header.port()) {
                selected.push(place);
            }
        });
        // In the order of the struct: in which order they were armed is nobody's business.
        // SAFETY: as above.
        selected.sort_unstable_by_key(|&header| unsafe { (*header).port() });
        if selected.is_empty() {
            return refused(refusal::none_armed());
        }
        Ok(block)
    }

    pub(crate) fn ask_to_stop(&mut self) {
        self.todo.set(Todo::STOP);
        self.stop_heeded = false;
    }

    /// Whether a stop was asked for that no [`run_once_with`](crate::Eventp::run_once_with) has heeded.
    pub(crate) fn heed_stop(&mut self) -> bool {
        self.todo.has(Todo::STOP) && !core::mem::replace(&mut self.stop_heeded, true)
    }

    /// Keeps an error for the hook, or for the run call to return.
    pub(crate) fn tell_later(&mut self, error: Error) {
        self.errors.push_back(error);
        self.todo.set(Todo::TELL);
        self.call_attention();
    }

    /// An epoll instance that says no more than that there is something to do here.
    pub(crate) fn outer(&mut self) -> io::Result<&Epoll> {
        if self.outer.is_none() {
            let outer = Epoll::new()?;
            outer.watch(&self.epoll)?;
            self.outer = Some(outer);
        }
        Ok(self.outer.as_ref().expect("set above"))
    }

    /// There is something to do that the kernel does not know of: has who nests this reactor find it ready.
    pub(crate) fn call_attention(&self) {
        if let (Some(_), Some(wake)) = (&self.outer, &self.wake) {
            // Whatever is wrong with the eventfd, the outer loop's next call of `run_once` comes to it.
            _ = wake.bell.ring();
        }
    }
}
