//! The server by hand. Connections are edge-triggered, and a read that does not fill the buffer has emptied the socket, as epoll(7) has it, so
//! there is no second read. A connection that is closed is watched no longer, so nothing is deleted by itself.

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};

use super::{Call, Loop};
use crate::sys;
use crate::workloads::server::{BUFFER, Service, answered};

struct Server {
    service: Service,
    /// How many have ended.
    ended: u64,
    /// Connections to watch when the batch is over: the loop is not at hand in a handler.
    accepted: Vec<OwnedFd>,
}

#[repr(C)]
struct Record {
    call: Call<Server>,
    fd: OwnedFd,
}

fn watch(inner: &Loop, call: Call<Server>, fd: OwnedFd, events: i32) {
    let record = Box::into_raw(Box::new(Record { call, fd }));
    // SAFETY: just allocated.
    inner.epoll.add(unsafe { &(*record).fd }, events, record.expose_provenance() as u64);
}

pub fn serve(listener: TcpListener, service: Service) {
    let mut inner = Loop::new(64);
    let mut server = Server { service, ended: 0, accepted: Vec::new() };
    watch(&inner, accept, listener.into(), libc::EPOLLIN);
    while server.ended < service.connections {
        // SAFETY: a record is freed only together with its fd, which is watched no longer then; no fd is reported twice in a batch.
        unsafe { inner.turn(&mut server) };
        while let Some(fd) = server.accepted.pop() {
            watch(&inner, answer, fd, libc::EPOLLIN | libc::EPOLLET);
        }
    }
}

/// # Safety
///
/// `record` is a [`Record`] that nobody else uses.
unsafe fn accept(record: *mut (), _events: u32, server: &mut Server) {
    // SAFETY: the caller's promise.
    let listener = unsafe { (*record.cast::<Record>()).fd.as_fd() };
    server.accepted.extend(sys::accept(listener));
}

/// # Safety
///
/// As for [`accept`], and it was allocated by [`watch`].
unsafe fn answer(record: *mut (), _events: u32, server: &mut Server) {
    // SAFETY: the caller's promise.
    let fd = unsafe { (*record.cast::<Record>()).fd.as_fd() };
    let mut buffer = [0; BUFFER];
    match sys::receive(fd, &mut buffer) {
        None => return,
        Some(0) => {}
        Some(read) => {
            sys::send(fd, &buffer[..read]);
            answered();
            if !server.service.one_request {
                return;
            }
        }
    }
    server.ended += 1;
    // SAFETY: the caller's promise; it is not used afterwards.
    drop(unsafe { Box::from_raw(record.cast::<Record>()) });
}
