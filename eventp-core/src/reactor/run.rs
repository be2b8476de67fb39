//! The run calls: turns of the loop, each from the wait to the end of the batch.
//!
//! In comes a state, which is lent for the time of the call; out go handler calls, and errors to the hook or to the caller. A turn that has
//! nothing but the wait to see to takes the short way, by one test of the [`Todo`] byte before and one after it. What a panic left undone
//! is made up for by the next call ([`Eventp::resume`]).

use std::io;
#[cfg(any(debug_assertions, feature = "spin-detector"))]
use std::io::Write;
use std::time::{Duration, Instant};

use super::Eventp;
use crate::dispatch;
use crate::engine::check_interrupted;
use crate::error::Error;
use crate::remote::call::panicked;
use crate::remote::queue::Door;
use crate::sys::Waited;
use crate::todo::Todo;

impl<S> Eventp<S> {
    /// Waits and dispatches until stopped: by [`Flow::Stop`](crate::Flow::Stop), [`Pinned::stop`](crate::Pinned::stop) or [`Remote::stop`](crate::Remote::stop).
    ///
    /// # Errors
    ///
    /// Without an [error hook](Eventp::on_error), the error of a handler, after its batch is finished; the reactor can be run again. And
    /// what `epoll_wait(2)` returns, `EINTR` excepted: it is retried.
    ///
    /// # Panics
    ///
    /// Panics of handlers and destructors go through to the caller. The rest of the batch is kept and delivered by the next run call.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_wait` per turn and no other system call, but for a rebuild (see [`delete`](Eventp::delete)).
    pub fn run_with(&mut self, state: &mut S) -> io::Result<()> {
        let lent = Lent::new(self, state);
        lent.reactor.resume()?;
        loop {
            if lent.reactor.engine.todo == Todo::NOTHING {
                lent.reactor.turn(None)?;
            } else if lent.reactor.engine.todo.take(Todo::STOP) {
                lent.reactor.close_door();
                return lent.reactor.tell();
            } else {
                lent.reactor.turn_with_more(None)?;
            }
        }
    }

    /// Waits for one batch, dispatches it, and says how many events reached a handler; closures of a [`Remote`](crate::Remote) count as one each.
    ///
    /// `timeout` is rounded up to milliseconds; `None` waits for ever, and so does whatever is too long for the clock. The answer is 0 if
    /// nothing happened in that time, or if something woke the reactor that concerns no handler. A stop that was asked for stays
    /// to be answered by [`run_with`](Eventp::run_with); the first call after it does not wait.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Implementation notes
    ///
    /// One `epoll_wait`, and the clock, which is no system call (`vdso(7)`), if there is a timeout.
    #[inline(always)] // the caller's loop keeps what a turn needs in registers: 17 instructions (callgrind)
    pub fn run_once_with(&mut self, state: &mut S, timeout: Option<Duration>) -> io::Result<usize> {
        let lent = Lent::new(self, state);
        if lent.reactor.engine.todo != Todo::NOTHING {
            return lent.reactor.resume_once(timeout);
        }
        lent.reactor.turn(timeout)
    }

    /// [`run_once_with`](Eventp::run_once_with), when something was left undone or a stop was asked for.
    #[cold]
    fn resume_once(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        let handled = self.resume()?;
        if handled > 0 {
            return Ok(handled);
        }
        let is_asked = self.engine.heed_stop();
        self.turn_with_more(if is_asked { Some(Duration::ZERO) } else { timeout })
    }

    /// Whoever waits for an answer to what was handed in would wait until the next run call, if there is one.
    fn close_door(&mut self) {
        if let Some(inbox) = self.inbox.clone() {
            self.engine.todo.set(Todo::CALL);
            for payload in inbox.set_door(Door::Stopped) {
                self.engine.tell_later(Error::of("remote", panicked(payload)));
            }
        }
    }

    /// A turn with something to do beside the wait: triggers, and the hook before it sleeps.
    #[inline(never)]
    fn turn_with_more(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        if !self.engine.todo.has(Todo::TRIGGER) {
            let timeout = self.time_to_sleep(timeout);
            self.tell()?; // what the hook has had the reactor find
            return self.turn(timeout);
        }
        let turned = self.turn_with_triggers();
        if self.engine.todo.has(Todo::TRIGGER) {
            // The wait has taken the edge that said so.
            self.engine.call_attention();
        }
        turned
    }

    fn turn_with_triggers(&mut self) -> io::Result<usize> {
        match self.deliver_triggered()? {
            0 => {}
            handled => return Ok(handled),
        }
        // The last turn was theirs: now the fds'. But an answer of 0 says that there is nothing more to do.
        match self.turn(Some(Duration::ZERO))? {
            0 => self.deliver_triggered(),
            handled => Ok(handled),
        }
    }

    /// Calls who is triggered, in a batch of their own, unless it is the fds' turn.
    fn deliver_triggered(&mut self) -> io::Result<usize> {
        match self.engine.open_triggered_batch() {
            0 => Ok(0),
            len => self.deliver(0, len),
        }
    }

    /// Makes up for what an earlier run call left undone: the rest of a batch that a panic interrupted, errors not told yet.
    fn resume(&mut self) -> io::Result<usize> {
        self.engine.settle_interrupted();
        self.tell_hook();
        if let (true, Some(inbox)) = (self.engine.todo.has(Todo::CALL), &self.inbox) {
            drop(inbox.set_door(Door::Open));
            if self.before_sleep.is_none() {
                self.engine.todo.clear(Todo::CALL);
            }
        }
        if self.engine.is_in_batch() {
            let (next, len) = self.engine.resume_batch();
            return self.deliver(next, len);
        }
        self.tell().map(|()| 0)
    }

    /// One turn: a new batch, from the wait to the end.
    #[inline(always)] // into the run calls: 30 instructions per turn (callgrind)
    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        let milliseconds = match timeout {
            None => -1,
            Some(Duration::ZERO) => 0,
            Some(_) => return self.turn_in_time(timeout),
        };
        match self.engine.wait(milliseconds) {
            Waited::Filled(len) => self.deliver(0, len),
            Waited::Nothing => Ok(0),
            Waited::Failed(errno) => self.turn_again(timeout, errno),
        }
    }

    /// A turn whose wait has just failed: perhaps it was but interrupted.
    #[cold]
    #[inline(never)]
    fn turn_again(&mut self, timeout: Option<Duration>, errno: i32) -> io::Result<usize> {
        check_interrupted(errno)?;
        self.turn_in_time(timeout)
    }

    /// A turn that looks at the clock.
    #[inline(never)]
    fn turn_in_time(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        // A time too far for the clock is for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        match self.engine.wait_until(deadline)? {
            0 => Ok(0),
            len => self.deliver(0, len),
        }
    }

    /// Delivers the open batch, of `len`, from `next` on, and ends it.
    #[inline(always)]
    fn deliver(&mut self, next: usize, len: usize) -> io::Result<usize> {
        #[cfg(any(debug_assertions, feature = "spin-detector"))]
        self.engine.watch_for_spin(next, len);
        if next < len {
            // SAFETY: the pointer is derived from our `&mut self`, which is not used while it is; `turn` and `resume` are called with a
            // lent state only. The wait has just filled so many, or had when the batch was interrupted at `next`.
            unsafe { dispatch::deliver(&raw mut *self, next, len) };
        }
        #[cfg(any(debug_assertions, feature = "spin-detector"))]
        self.tell_of_spin();
        let engine = &mut self.engine;
        if engine.todo == Todo::BATCH && len < engine.batch.events.len() {
            engine.todo = Todo::NOTHING;
            return Ok(len - next);
        }
        self.finish_batch(next, len)
    }

    /// Tells the hook of handlers that spin; without one, it says so on standard error: no run call fails for that.
    #[cfg(any(debug_assertions, feature = "spin-detector"))]
    fn tell_of_spin(&mut self) {
        for error in self.engine.find_spin() {
            match self.hook {
                Some(_) => self.engine.tell_later(error),
                // `eprintln!` panics where this fails: a disk that is full.
                None => _ = writeln!(io::stderr(), "eventp: {error}"),
            }
        }
    }

    /// Ends the batch, where there is more to do than that.
    #[cold]
    #[inline(never)]
    fn finish_batch(&mut self, next: usize, len: usize) -> io::Result<usize> {
        let was_full = len == self.engine.batch.events.len();
        let mut handled = self.engine.finish_batch(next, len);
        self.tell()?;
        // Who has been notified is called in the turn whose only event said so.
        if handled == 0 && self.engine.todo.has(Todo::TRIGGER) {
            handled = self.deliver_triggered()?;
        }
        // There may be more that there was no room for, and an outer loop takes 0 for the end.
        if handled == 0 && was_full {
            self.engine.call_attention();
        }
        Ok(handled)
    }

    /// Tells the hook of all errors; without one, returns the first and keeps the others.
    fn tell(&mut self) -> io::Result<()> {
        self.tell_hook();
        match self.engine.errors.pop_front() {
            Some(error) => Err(error.into()),
            None => {
                self.engine.todo.clear(Todo::TELL);
                Ok(())
            }
        }
    }

    /// Tells the hook of all errors, if there is one. Called while a state is lent.
    pub(crate) fn tell_hook(&mut self) {
        let Some(hook) = &mut self.hook else { return };
        while let Some(error) = self.engine.errors.pop_front() {
            // SAFETY: lent (see `Lent`), and no handler runs that would have it.
            hook(error, unsafe { &mut *self.state });
        }
        self.engine.todo.clear(Todo::TELL);
    }
}

/// A reactor that was lent its state; takes the pointer back on every way out (I6).
struct Lent<'a, S> {
    reactor: &'a mut Eventp<S>,
}

impl<'a, S> Lent<'a, S> {
    fn new(reactor: &'a mut Eventp<S>, state: &'a mut S) -> Self {
        reactor.state = state;
        Self { reactor }
    }
}

impl<S> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        self.reactor.state = core::ptr::null_mut();
    }
}
