//! An allocator that counts, by thread, what is allocated and not freed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[derive(Debug)]
pub struct Counting;

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

/// How many bytes this thread has allocated and not freed; 0 for ever where [`Counting`] is not the global allocator.
pub fn bytes() -> isize {
    BYTES.get()
}

fn count(bytes: isize) {
    _ = BYTES.try_with(|count| count.set(count.get() + bytes));
}

// SAFETY: all is passed on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}
