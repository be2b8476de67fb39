//! The hook that is called before a run call sleeps.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::ops::{Pinned, Running};
use crate::reactor::Eventp;
use crate::todo::Todo;

/// Whether the run call may sleep; the answer of the hook that [`Eventp::before_sleep`] sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sleep {
    /// It may wait as long as it was told to.
    Allow,
    /// It takes what is ready and goes on.
    Skip,
}

/// Shared with the call in progress, which thus borrows nothing of the reactor; and a panic leaves it in place.
pub(crate) type Hook<S> = Rc<RefCell<dyn FnMut(&mut S, Pinned<'_, Eventp<S>>) -> Sleep>>;

impl<S> Eventp<S> {
    /// Sets what is called before each wait that may sleep: to flush what handlers have gathered, or to keep the reactor awake while there is work
    /// that no fd tells of. It replaces the hook set before.
    ///
    /// It is not called where nothing can sleep: when the run call stops, and by [`run_once`](Eventp::run_once) with a timeout of zero, as a loop calls it that has this reactor
    /// [nested](Eventp::readiness).
    ///
    /// ```
    /// use std::{io, time::Duration};
    /// # use eventp_core as eventp;
    /// use eventp::{Eventp, Sleep};
    ///
    /// # fn main() -> io::Result<()> {
    /// let mut reactor = Eventp::<Vec<u8>>::new()?;
    /// reactor.before_sleep(|unsent, _reactor| {
    ///     unsent.clear(); // one `write` for all that the handlers of this turn have put there
    ///     Sleep::Allow
    /// });
    /// let mut unsent = vec![1, 2, 3];
    /// reactor.run_once_with(&mut unsent, Some(Duration::from_millis(1)))?;
    /// assert!(unsent.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// A panic of the hook goes through the run call to its caller; the hook stays set.
    pub fn before_sleep<F>(&mut self, hook: F)
    where
        F: FnMut(&mut S, Pinned<'_, Self>) -> Sleep + 'static,
    {
        self.before_sleep = Some(Rc::new(RefCell::new(hook)));
        self.engine.todo.set(Todo::CALL);
    }

    /// The time to wait, when the hook has been asked. Called while a state is lent.
    pub(crate) fn time_to_sleep(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        let Some(hook) = self.before_sleep.clone() else { return timeout };
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        // SAFETY: lent (caller), and no handler runs that would have it. It is another object than the reactor.
        let state = unsafe { &mut *self.state };
        let sleep = (hook.borrow_mut())(state, Pinned::within(self, Running::NOBODY));
        let is_stopped = self.engine.heed_stop();
        match sleep {
            Sleep::Allow if !is_stopped && !self.engine.todo.has(Todo::TRIGGER) => timeout,
            _ => Some(Duration::ZERO),
        }
    }
}
