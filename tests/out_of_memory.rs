//! No memory for a larger batch: the buffer stays as it is, and what does not fit into it comes with the next turn.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use eventp::{Doorbell, Eventp, interest};

thread_local! {
    /// From this size on, allocations of the thread fail.
    static TOO_LARGE: Cell<usize> = const { Cell::new(usize::MAX) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

struct Failing;

fn is_refused(size: usize) -> bool {
    let is_refused = TOO_LARGE.try_with(|limit| size >= limit.get()).unwrap_or(false);
    if is_refused {
        REFUSED.set(REFUSED.get() + 1);
    }
    is_refused
}

// SAFETY: all that is not refused is passed on to the system's.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

#[test]
fn a_batch_that_cannot_grow_is_delivered_and_the_rest_comes_with_the_next_turns() {
    const MANY: usize = 500;
    let mut reactor = Eventp::<Vec<u32>>::builder().capacity(8).build().unwrap();
    for nth in 0..MANY {
        let bell = Doorbell::new().unwrap();
        bell.ring().unwrap();
        reactor.on(edge().with_fd(bell), move |d| d.state[nth] += 1).unwrap();
    }
    let mut calls = vec![0; MANY];
    let report = size_of::<libc::epoll_event>();
    TOO_LARGE.set(32 * report); // it grows to 16
    let mut turns = 0;
    while calls.contains(&0) {
        let handled = reactor.run_once_with(&mut calls, NOW).unwrap();
        assert!((1..=16).contains(&handled), "{handled}");
        turns += 1;
    }
    TOO_LARGE.set(usize::MAX);
    assert!(calls.iter().all(|&calls| calls == 1));
    assert!(turns > MANY / 16 && REFUSED.get() > 10, "{turns} turns");
}

#[test]
fn a_reactor_for_which_there_is_no_memory_is_an_error() {
    TOO_LARGE.set(1 << 20);
    let events = Eventp::<()>::builder().capacity(1 << 20).build().err();
    let subscribers = Eventp::<()>::builder().subscribers(1 << 20).build().err();
    let overflow = Eventp::<()>::builder().capacity(usize::MAX).build().err();
    TOO_LARGE.set(usize::MAX);
    for refused in [events, subscribers, overflow] {
        assert_eq!(refused.unwrap().kind(), std::io::ErrorKind::OutOfMemory);
    }
    Eventp::<()>::new().unwrap().on(interest().with_fd(pair().0), |_| ()).unwrap();
}
