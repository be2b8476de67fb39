//! Where events come from, beside sockets and pipes: small types of our own, each around one fd.
//!
//! What comes in are values of the standard library and plain signal numbers; what goes out are fds ([`AsFd`](std::os::fd::AsFd)) that a reactor
//! watches, and a `read` each that says what happened. What must stay true: every fd is non-blocking and closed on exec; `read` returns
//! `WouldBlock` when there is nothing, so that one handler fits level-triggered and edge-triggered interests; and nobody here knows a
//! reactor. [`Doorbell`] alone is not read.

mod child;
mod doorbell;
mod orphans;
mod signals;
mod timer;

use std::io;

pub use child::Child;
pub use doorbell::{Doorbell, doorbell};
pub use signals::{Signal, Signals};
pub use timer::Timer;

use crate::error::Error;

/// Names the system call that failed. `WouldBlock`, which is no failure and comes often, stays as it is.
fn failed(call: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| match error.kind() {
        io::ErrorKind::WouldBlock => error,
        _ => Error::of(call, error).into(),
    }
}

/// An argument that is refused before any system call.
fn invalid(operation: &'static str, rule: impl Into<String>) -> io::Error {
    Error::of(operation, io::Error::new(io::ErrorKind::InvalidInput, rule.into())).into()
}
