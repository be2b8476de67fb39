//! The allocator that counts, for the workload `memory`. It counts for the thread that allocates, by two additions and no atomic
//! operation, so it is no burden to the other workloads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a thread has allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// How often something was allocated; growing in place or not counts too.
    pub allocations: i64,
    /// How many bytes are allocated now: what was asked for, not what the allocator makes of it.
    pub bytes: i64,
}

thread_local! {
    static ALLOCATIONS: Cell<i64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

/// What this thread has allocated so far.
pub fn now() -> Weight {
    Weight { allocations: ALLOCATIONS.get(), bytes: BYTES.get() }
}

/// What `f` allocates and does not free.
pub fn of(f: impl FnOnce()) -> Weight {
    let before = now();
    f();
    let after = now();
    Weight {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes - before.bytes,
    }
}

/// `#[global_allocator]` of the program and of its test.
pub struct Counting;

// SAFETY: everything is handed on to `System` as it came; what is counted is in cells that never allocate.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as i64);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as i64);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as i64);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + size as i64 - layout.size() as i64);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}
