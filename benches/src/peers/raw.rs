//! The limit: a loop as one would write it by hand in C, with a function pointer behind `epoll_data`.
//!
//! In comes a task, out goes the address of its record, which the kernel keeps and hands back with each event. Nothing is checked:
//! whoever deletes a record whose event is in the batch, or deletes it twice, reads freed memory. The workloads do not.

mod devices;
pub mod server;

use super::{Peer, Watch};
use crate::sys::Epoll;
use crate::task::Task;

pub use devices::RawDevices;

/// What `epoll_data` points at: the function first, so that the loop need not know the rest.
#[repr(C)]
struct Record<T: Task> {
    call: Call<T::State>,
    task: T,
}

/// It gets the record, the reported bits, and what the loop was lent.
type Call<S> = unsafe fn(*mut (), u32, &mut S);

/// A loop with records of any kind that share the state `S`.
struct Loop {
    epoll: Epoll,
    events: Vec<libc::epoll_event>,
}

impl Loop {
    fn new(capacity: usize) -> Self {
        Self {
            epoll: Epoll::new(),
            events: vec![libc::epoll_event { events: 0, u64: 0 }; capacity],
        }
    }

    /// # Safety
    ///
    /// Whatever is registered is the address of an allocated record that starts with a [`Call`] of this state.
    #[inline(always)] // the limit
    unsafe fn turn<S>(&mut self, state: &mut S) {
        let ready = self.epoll.wait(&mut self.events);
        for event in &self.events[..ready] {
            let record = event.u64 as *mut ();
            // SAFETY: the caller's promise, and nobody else uses the record.
            unsafe { (*record.cast::<Call<S>>())(record, event.events, state) };
        }
    }
}

/// The loop of tasks.
pub struct Raw<T: Task> {
    inner: Loop,
    of: core::marker::PhantomData<T>,
}

impl<T: Task> Peer<T> for Raw<T> {
    type Key = Key<T>;

    fn new(capacity: usize) -> Self {
        Self { inner: Loop::new(capacity), of: core::marker::PhantomData }
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> Key<T> {
        let fd = task.fd();
        let record = Box::into_raw(Box::new(Record { call: call::<T>, task }));
        self.inner.epoll.add(fd, events_of(watch), record.expose_provenance() as u64);
        Key(record)
    }

    #[inline]
    fn delete(&mut self, key: Key<T>) {
        // SAFETY: from `add`, and not deleted before: a key cannot be copied.
        let record = unsafe { Box::from_raw(key.0) };
        self.inner.epoll.delete(record.task.fd());
    }

    #[inline(always)]
    fn turn(&mut self, state: &mut T::State) {
        // SAFETY: `delete` is the only way to free a record, and its fd is watched no longer then.
        unsafe { self.inner.turn(state) }
    }
}

/// A record that was added.
pub struct Key<T: Task>(*mut Record<T>);

/// # Safety
///
/// `record` is a `Record<T>` that nobody else uses.
unsafe fn call<T: Task>(record: *mut (), _events: u32, state: &mut T::State) {
    // SAFETY: the caller's promise.
    unsafe { (*record.cast::<Record<T>>()).task.ready(state) }
}

fn events_of(watch: Watch) -> i32 {
    match watch {
        Watch::Level => libc::EPOLLIN,
        Watch::Edge => libc::EPOLLIN | libc::EPOLLET,
    }
}
