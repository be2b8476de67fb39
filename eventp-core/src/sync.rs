//! The primitives that threads meet at: the standard library's, or others where these are looked at by a tool.
//!
//! | `--cfg` | whose | why |
//! |---|---|---|
//! | | the standard library's | |
//! | `loom` | loom's | runs all interleavings: `scripts/loom` |
//! | `tsan` | parking_lot's | ThreadSanitizer sees what is compiled with it, and the standard library comes compiled: `scripts/tsan` |
//!
//! A lock that is poisoned is as good as new: nothing that can panic runs under these.

use std::time::Duration;

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(not(any(loom, tsan)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
#[cfg(tsan)]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};

#[cfg(not(tsan))]
mod poisonable {
    use super::*;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits for a change, for so long at most; or for nothing, spuriously.
    pub(crate) fn wait<'a, T>(
        changed: &Condvar,
        guard: MutexGuard<'a, T>,
        longest: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        match longest {
            None => changed.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner()),
            Some(longest) => {
                let waited = changed.wait_timeout(guard, longest);
                waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
            }
        }
    }
}
#[cfg(not(tsan))]
pub(crate) use poisonable::{lock, wait};

#[cfg(tsan)]
mod other {
    use super::*;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock()
    }

    pub(crate) fn wait<'a, T>(
        changed: &Condvar,
        mut guard: MutexGuard<'a, T>,
        longest: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        match longest {
            None => changed.wait(&mut guard),
            Some(longest) => _ = changed.wait_for(&mut guard, longest),
        }
        guard
    }
}
#[cfg(tsan)]
pub(crate) use other::{lock, wait};
