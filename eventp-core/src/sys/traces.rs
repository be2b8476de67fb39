//! What the kernel tells of an fd without changing it, for the spin detector.

use core::ffi::{c_int, c_ulong, c_void};
use std::os::fd::RawFd;

/// How many bytes can be read; `None` where the kernel does not say (`FIONREAD`).
pub(crate) fn unread_bytes(fd: RawFd) -> Option<c_int> {
    ask(fd, libc::FIONREAD as c_ulong)
}

/// How many bytes are still to be sent; `None` where the kernel does not say (`TIOCOUTQ`).
pub(crate) fn unsent_bytes(fd: RawFd) -> Option<c_int> {
    ask(fd, libc::TIOCOUTQ as c_ulong)
}

fn ask(fd: RawFd, question: c_ulong) -> Option<c_int> {
    let mut answer: c_int = 0;
    // SAFETY: both questions are answered with an `int`, which lives across the call.
    (unsafe { libc::ioctl(fd, question as _, &mut answer) } == 0).then_some(answer)
}

/// How many connections wait to be accepted, if it is a listening TCP socket (`tcp(7)`, `TCP_INFO`).
pub(crate) fn waiting_connections(fd: RawFd) -> Option<u32> {
    const UNACKED: usize = 24;
    let mut listens = [0u8; 4];
    option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN, &mut listens)?;
    if u32::from_ne_bytes(listens) == 0 {
        return None;
    }
    // Of a listening socket, `tcpi_unacked` is the length of its queue.
    let mut info = [0u8; UNACKED + 4];
    option(fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut info)?;
    let waiting = info.last_chunk::<4>()?;
    Some(u32::from_ne_bytes(*waiting))
}

/// Reads a socket option that fills the buffer.
fn option(fd: RawFd, level: c_int, name: c_int, buffer: &mut [u8]) -> Option<()> {
    let mut length = buffer.len() as libc::socklen_t;
    let place = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: the kernel writes at most `length` bytes, which is how long the buffer is; both live across the call.
    let got = unsafe { libc::getsockopt(fd, level, name, place, &mut length) };
    (got == 0 && length as usize == buffer.len()).then_some(())
}
