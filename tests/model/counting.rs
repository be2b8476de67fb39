//! An allocator that counts, by thread, what is allocated and not freed.
//!
//! It also counts the allocations that are aligned to [`MARK`], which nothing asks for but the bodies of the model's subscribers: by that they are told
//! from all others, in the reactor's blocks and in limbo.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[derive(Debug)]
pub struct Counting;

/// An alignment that nothing else has: all others need less, or that of a cache line.
pub const MARK: usize = 32;

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
    static MARKED: Cell<isize> = const { Cell::new(0) };
}

/// How many bytes this thread has allocated and not freed; 0 for ever where [`Counting`] is not the global allocator.
pub fn bytes() -> isize {
    BYTES.get()
}

/// How many allocations with the mark this thread has; 0 for ever likewise.
pub fn marked() -> isize {
    MARKED.get()
}

fn count(bytes: isize) {
    _ = BYTES.try_with(|count| count.set(count.get() + bytes));
}

fn count_marked(layout: Layout, more: isize) {
    if layout.align() == MARK {
        _ = MARKED.try_with(|count| count.set(count.get() + more));
    }
}

// SAFETY: all is passed on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        count_marked(layout, 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        count_marked(layout, -1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}
