//! What is done with an event of one fd: the same code for every peer, which wraps it into its own kind of subscriber.
//!
//! A task counts in itself. When it is dropped, its count goes to [`handled`], by which a workload checks that every event was handled.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use crate::sys::{self, Fd};

/// An fd and what to do when it is ready.
pub trait Task: AsFd + 'static {
    /// What the loop lends to its tasks, if it can.
    type State: 'static;
    fn fd(&self) -> Fd;
    fn ready(&mut self, state: &mut Self::State);
}

macro_rules! as_fd {
    ($($task:ty),*) => {$(
        impl AsFd for $task {
            #[inline]
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.fd.as_fd()
            }
        }
    )*};
}
as_fd!(Count, Drain, CountInState, CountInCell);

thread_local! {
    static HANDLED: Cell<u64> = const { Cell::new(0) };
}

/// Adds to what was handled.
#[inline]
pub fn add_handled(events: u64) {
    HANDLED.set(HANDLED.get() + events);
}

/// How many events were handled by tasks that have been dropped since the last call.
pub fn handled() -> u64 {
    HANDLED.take()
}

/// Counts events.
pub struct Count {
    fd: Fd,
    count: u64,
}

impl Count {
    pub fn new(fd: Fd) -> Self {
        Self { fd, count: 0 }
    }
}

impl Task for Count {
    type State = ();

    #[inline]
    fn fd(&self) -> Fd {
        self.fd
    }

    #[inline]
    fn ready(&mut self, (): &mut ()) {
        self.count += 1;
    }
}

impl Drop for Count {
    #[inline]
    fn drop(&mut self) {
        add_handled(self.count);
    }
}

/// Reads the eventfd, and counts what was in it.
pub struct Drain {
    fd: Fd,
    count: u64,
}

impl Drain {
    pub fn new(fd: Fd) -> Self {
        Self { fd, count: 0 }
    }
}

impl Task for Drain {
    type State = ();

    #[inline]
    fn fd(&self) -> Fd {
        self.fd
    }

    #[inline]
    fn ready(&mut self, (): &mut ()) {
        self.count += sys::drain(self.fd);
    }
}

impl Drop for Drain {
    #[inline]
    fn drop(&mut self) {
        add_handled(self.count);
    }
}

/// What the tasks of the workload `state` share.
#[derive(Default)]
pub struct Shared {
    pub events: u64,
    pub last: u64,
}

impl Shared {
    #[inline]
    fn note(&mut self, number: u64) {
        self.events += 1;
        self.last = number;
    }
}

/// Counts in the state that the loop lends.
pub struct CountInState {
    fd: Fd,
    number: u64,
}

impl CountInState {
    pub fn new(fd: Fd, number: u64) -> Self {
        Self { fd, number }
    }
}

impl Task for CountInState {
    type State = Shared;

    #[inline]
    fn fd(&self) -> Fd {
        self.fd
    }

    #[inline]
    fn ready(&mut self, state: &mut Shared) {
        state.note(self.number);
    }
}

/// Counts in a cell that all tasks share, where the loop has nothing to lend.
pub struct CountInCell {
    fd: Fd,
    number: u64,
    cell: Rc<RefCell<Shared>>,
}

impl CountInCell {
    pub fn new(fd: Fd, number: u64, cell: Rc<RefCell<Shared>>) -> Self {
        Self { fd, number, cell }
    }
}

impl Task for CountInCell {
    type State = ();

    #[inline]
    fn fd(&self) -> Fd {
        self.fd
    }

    #[inline]
    fn ready(&mut self, (): &mut ()) {
        self.cell.borrow_mut().note(self.number);
    }
}
