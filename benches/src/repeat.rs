//! An `epoll_wait` that can return at once with the batch that is in the buffer already: for the workload `ready-user`, which leaves out the
//! kernel's part. Only with the feature `libc-wait`, since it takes all peers some instructions.
//!
//! The program's own definition of the symbol comes before that of the C library, so all peers that call it by `libc` get this one. Where it
//! is not to repeat, it makes the same system call as the other (`epoll_pwait` without a mask).

use std::cell::Cell;

use eventp_bench::sys::repeat;

/// The last answer that was the kernel's.
#[derive(Clone, Copy)]
struct Answer {
    buffer: *mut libc::epoll_event,
    events: i32,
    /// Of which setting: another loop may have its buffer in the same place.
    times_set: u64,
}

thread_local! {
    static LAST: Cell<Answer> =
        const { Cell::new(Answer { buffer: core::ptr::null_mut(), events: 0, times_set: 0 }) };
}

/// # Safety
///
/// That of `epoll_wait(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(
    epoll: i32,
    events: *mut libc::epoll_event,
    length: i32,
    timeout: i32,
) -> i32 {
    if repeat::get() {
        // SAFETY: the caller's promise.
        return unsafe { repeated(epoll, events, length, timeout) };
    }
    // SAFETY: the caller's promise; a null mask is none.
    unsafe { libc::epoll_pwait(epoll, events, length, timeout, core::ptr::null()) }
}

/// # Safety
///
/// As for [`epoll_wait`]. The loops that are measured leave the buffer as it is.
#[inline(never)]
unsafe fn repeated(epoll: i32, events: *mut libc::epoll_event, length: i32, timeout: i32) -> i32 {
    let last = LAST.get();
    let times_set = repeat::times_set();
    if last.buffer == events && last.times_set == times_set {
        return last.events;
    }
    // SAFETY: the caller's promise.
    let ready = unsafe { libc::epoll_pwait(epoll, events, length, timeout, core::ptr::null()) };
    LAST.set(Answer { buffer: events, events: ready, times_set });
    ready
}
