//! `epoll_wait(2)`: the one call that every turn makes.
//!
//! The C library's is a cancellation point (`pthreads(7)`), which Rust programs have no use for: it asks in each call whether the process has several
//! threads, and if so, glibc before 2.41 takes two locked instructions more to say that this one may be cancelled meanwhile. So on x86_64 the
//! call is made by its instruction. Elsewhere, for Miri, and with the feature `libc-wait`, the C library makes it. `scripts/tsan` has this feature, since
//! ThreadSanitizer follows the C library's calls.

use std::os::fd::RawFd;

use super::Report;

/// How many entries were filled, or the negative of an errno.
///
/// # Safety
///
/// `room` entries from `buffer` on may be written, and nobody refers to them.
#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(miri, feature = "libc-wait"))
))]
#[inline(always)]
pub(super) unsafe fn epoll_wait(epoll: RawFd, buffer: *mut Report, room: i32, timeout: i32) -> i32 {
    let mut result = libc::SYS_epoll_wait as i32;
    // SAFETY: the convention of `syscall(2)`: the number in rax, which the result replaces, arguments in rdi, rsi, rdx and r10; rcx and r11 are
    // overwritten, and the stack is not used. All but the buffer are taken as an `int`. The memory that is written to is the caller's to lend.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("eax") result,
            in("edi") epoll,
            in("rsi") buffer,
            in("edx") room,
            in("r10d") timeout,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// How many entries were filled, or the negative of an errno.
///
/// # Safety
///
/// `room` entries from `buffer` on may be written, and nobody refers to them.
#[cfg(not(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(miri, feature = "libc-wait"))
)))]
#[inline(always)]
pub(super) unsafe fn epoll_wait(epoll: RawFd, buffer: *mut Report, room: i32, timeout: i32) -> i32 {
    // SAFETY: the caller's promise.
    match unsafe { libc::epoll_wait(epoll, buffer, room, timeout) } {
        -1 => -std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO),
        filled => filled,
    }
}
