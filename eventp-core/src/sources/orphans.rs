//! Children that were dropped while they ran.
//!
//! In come their pidfds, and go when the process has been waited for. There is no thread and no event behind it: it is looked after whenever
//! a child is started or dropped, so that there are never more zombies than children that ran at once.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::process::wait;

static ORPHANS: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());

/// Nothing in here panics with the list half changed.
fn list() -> MutexGuard<'static, Vec<OwnedFd>> {
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes care of one more, and of those that have ended.
pub(super) fn add(pidfd: OwnedFd) {
    list().push(pidfd);
    wait_for_ended();
}

/// Waits for those that have ended.
pub(super) fn wait_for_ended() {
    // Out of hand are those that have been waited for, and those that somebody else has.
    list().retain(|pidfd| matches!(wait(pidfd.as_fd()), Ok(None)));
}
