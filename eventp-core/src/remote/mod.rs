//! Reaching a reactor from other threads.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | [`Remote`], and how the reactor's thread answers |
//! | `queue.rs` | where other threads hand in, and who has to wake the reactor |
//! | `call.rs` | a call whose result is waited for |
//! | `notifier.rs` | [`Notifier`]: handlers that other threads have called |
//! | `wake.rs` | the eventfd and its header |
//! | `loom_tests.rs` | all interleavings of these |
//!
//! All of it meets in one eventfd per reactor, made with the first remote or notifier. Its `call` is [`rung`], in the middle of a batch,
//! as a handler's would be: I2, I5 and I6 hold as they do for handlers.

pub(crate) mod call;
#[cfg(all(test, loom))]
mod loom_tests;
pub(crate) mod notifier;
pub(crate) mod queue;
pub(crate) mod wake;

use core::any::Any;
use core::ffi::c_void;
use core::fmt;
use core::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::engine::Engine;
use crate::error::Error;
use crate::event::event;
use crate::flow::{Flow, IntoFlow};
use crate::header::Header;
use crate::key::Port;
use crate::ops::{Pinned, Running};
use crate::reactor::Eventp;
use call::{Call, Ticket, panicked};
use queue::{Door, Queue};
use wake::{Bell, Wake};

/// So many closures run per turn at most; then the fds have theirs.
const MOST_PER_TURN: usize = 256;

type Closure<S> = Box<dyn FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> io::Result<Flow> + Send>;

/// What another thread hands in.
pub(crate) enum Job<S> {
    Send(Closure<S>),
    Call(Ticket<S>),
}

/// What the remotes of a reactor share with it.
pub(crate) struct Inbox<S> {
    bell: Arc<Bell>,
    jobs: Queue<Job<S>>,
}

impl<S> Inbox<S> {
    fn new(bell: Arc<Bell>) -> Self {
        Self { bell, jobs: Queue::new() }
    }

    fn hand_in(&self, job: Job<S>) -> io::Result<()> {
        match self.jobs.push(job) {
            Ok(false) => Ok(()),
            Ok(true) => self.bell.ring().inspect_err(|_| self.jobs.unheard()),
            Err((job, door)) => {
                // First: where its destructor panics, a result that there is already would be leaked (rust-lang/rust#47949).
                drop(job);
                door.check()
            }
        }
    }

    /// Opens or closes the door; what is left behind a closed one is dropped, and its callers are told. Answers what destructors and wakers
    /// panicked with: those of one keep no other from being dropped.
    #[must_use]
    pub(crate) fn set_door(&self, door: Door) -> Vec<Box<dyn Any + Send>> {
        let left = self.jobs.set_door(door).into_iter();
        left.filter_map(|job| catch_unwind(AssertUnwindSafe(|| drop(job))).err()).collect()
    }
}

/// A reactor, as other threads see it; made by [`Eventp::remote`].
///
/// It is `Send` and `Sync` whatever the state `S` is, and does not keep the reactor alive. Closures that it hands in run on the reactor's thread, in the
/// order of their arrival, between two handlers; at most 256 per turn, so that a flood of them does not keep fds waiting. They get the
/// state and what a handler gets of the reactor. A handler that starts threads finds a remote for them in the state, where it was put
/// before the run call: `struct Server { remote: Remote<Server> }`.
///
/// ```
/// use std::{io, thread};
/// # use eventp_core as eventp;
/// use eventp::Eventp;
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::<Vec<&str>>::new()?;
/// let remote = reactor.remote()?;
/// let other = thread::spawn(move || {
///     remote.send(|names, _| names.push("one"))?;
///     let count = remote.call(|names, _| names.len())?;
///     remote.stop()?;
///     io::Result::Ok(count)
/// });
/// let mut names = Vec::new();
/// reactor.run_with(&mut names)?; // until the other thread says stop
/// assert_eq!(other.join().unwrap()?, 1);
/// # Ok(())
/// # }
/// ```
///
/// # When the reactor is not running
///
/// Before its first run call, between two calls of [`run_once`](Eventp::run_once), and after a run call that returned an error or panicked, what is
/// handed in waits for the next. When it has stopped, or is gone, closures that have not run are dropped, whoever waits for one gets `BrokenPipe`, and so does who hands in
/// another, until the next run call.
pub struct Remote<S = ()> {
    inbox: Arc<Inbox<S>>,
}

impl<S> Remote<S> {
    /// Hands in a closure and does not wait for it. It may answer what a handler may: an error goes to the reactor's
    /// [error hook](Eventp::on_error), and so does a panic; [`Flow::Stop`] stops; [`Flow::Remove`] has nobody to remove.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the reactor has stopped or is gone. What `write(2)` says where a seccomp filter forbids it, or the eventfd was closed: then
    /// the closure runs when something else wakes the reactor.
    ///
    /// # Implementation notes
    ///
    /// One allocation; one `write` to an eventfd if nothing else is waiting to run, else no system call.
    pub fn send<F, R>(&self, closure: F) -> io::Result<()>
    where
        F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
        R: IntoFlow,
    {
        let job =
            |state: &mut S, reactor: Pinned<'_, Eventp<S>>| closure(state, reactor).into_flow();
        self.inbox.hand_in(Job::Send(Box::new(job)))
    }

    /// Hands in a closure and waits for its result.
    ///
    /// # Errors
    ///
    /// - `BrokenPipe`: the reactor has stopped or is gone, or stops before it comes to this call.
    /// - `Deadlock`: this is the reactor's own thread, which would wait for itself. A handler has the reactor as a [`Pinned`], and can
    ///   [`send`](Remote::send).
    /// - `Other`: the closure panicked; the text says with what. The reactor runs on.
    /// - What `write(2)` says, as in [`send`](Remote::send); but the closure does not run.
    ///
    /// Two reactors whose threads call each other wait for each other, as threads that join each other do; let one of them [`send`](Remote::send).
    ///
    /// # Implementation notes
    ///
    /// As [`send`](Remote::send), and a `futex` to wait.
    pub fn call<F, R>(&self, closure: F) -> io::Result<R>
    where
        F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
        R: Send + 'static,
    {
        let closure = self.unless_on_own_thread(closure)?;
        Call::begin(&self.inbox, closure).wait(None)
    }

    /// Hands in a closure and waits for its result, but not for longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`call`](Remote::call), and `TimedOut`: the text says whether the closure will not run, and has been dropped, or was running when the
    /// time was over, and its result will be dropped.
    pub fn call_timeout<F, R>(&self, timeout: Duration, closure: F) -> io::Result<R>
    where
        F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
        R: Send + 'static,
    {
        let closure = self.unless_on_own_thread(closure)?;
        Call::begin(&self.inbox, closure).wait(Some(timeout))
    }

    /// Hands in a closure, at once, and gives a future of its result, for any executor. If that is dropped before the closure runs, the closure is
    /// taken back and dropped.
    ///
    /// An executor that blocks the reactor's own thread until this future is ready blocks for ever.
    ///
    /// # Errors
    ///
    /// As [`call`](Remote::call), but for `Deadlock`.
    ///
    /// # Panics
    ///
    /// If the future is polled again after it was ready.
    #[must_use = "the call is taken back if its future is dropped; use `send` in order not to wait"]
    pub fn call_async<F, R>(
        &self,
        closure: F,
    ) -> impl Future<Output = io::Result<R>> + Send + use<S, F, R>
    where
        F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
        R: Send + 'static,
    {
        Call::begin(&self.inbox, closure)
    }

    /// Has the reactor's run call return, waking it if it sleeps. If none is running, the next one returns at once.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the reactor is gone.
    ///
    /// # Implementation notes
    ///
    /// One `write` to an eventfd.
    pub fn stop(&self) -> io::Result<()> {
        match self.inbox.jobs.door() {
            Door::Open | Door::Stopped => self.inbox.bell.stop(),
            Door::Gone => Door::Gone.check(),
        }
    }

    /// The closure again, which is dropped here if this is the reactor's own thread: before there is an error, as in [`Inbox::hand_in`].
    fn unless_on_own_thread<F>(&self, closure: F) -> io::Result<F> {
        // Nobody waits at a closed door.
        if !self.inbox.bell.is_own_thread() || self.inbox.jobs.door() != Door::Open {
            return Ok(closure);
        }
        drop(closure);
        let reason = "this is the reactor's own thread, which would wait for itself; use the `Pinned` that the handler gets, or `send`";
        Err(io::Error::new(io::ErrorKind::Deadlock, reason))
    }
}

impl<S> Clone for Remote<S> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone() }
    }
}

impl<S> fmt::Debug for Remote<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}

/// The `call` of the eventfd.
///
/// # Safety
///
/// As for every [`Call`](crate::header::Call): `reactor` is an `Eventp<S>` that dispatches, with its state lent.
pub(crate) unsafe fn rung<S>(_header: *mut Header, _events: u32, reactor: *mut c_void) {
    // SAFETY: between two handlers nobody else refers to the reactor (caller).
    unsafe { (*reactor.cast::<Eventp<S>>()).answer() }
}

impl<S> Eventp<S> {
    /// The eventfd, which is made with the first that needs it.
    pub(crate) fn bell(&mut self) -> io::Result<&Arc<Bell>> {
        if self.engine.wake.is_none() {
            let wake = Wake::new(&self.engine.epoll, rung::<S>);
            let wake = wake.map_err(|error| Error::of("remote", error))?;
            let (fd, header) = (wake.fd(), wake.header());
            self.engine.wake = Some(wake);
            // I1: whoever had the number until now had its fd closed behind our back.
            self.engine.claim(fd, header);
        }
        Ok(&self.engine.wake.as_ref().expect("set above").bell)
    }

    /// No remote and no notifier reaches it from here on.
    pub(crate) fn end_remotes(&mut self) {
        if let Some(wake) = &self.engine.wake {
            // The next notification is told.
            wake.bell.alerts.set_door(Door::Gone).into_iter().for_each(|alert| _ = alert.answer());
        }
        let Some(inbox) = self.inbox.take() else { return };
        let mut panics = inbox.set_door(Door::Gone).into_iter();
        let first = panics.next();
        panics.for_each(|payload| drop(panicked(payload)));
        match first {
            Some(first) if thread::panicking() => drop(panicked(first)),
            Some(first) => resume_unwind(first),
            None => {}
        }
    }

    pub(crate) fn make_remote(&mut self) -> io::Result<Remote<S>> {
        let bell = self.bell()?.clone();
        let inbox = self.inbox.get_or_insert_with(|| Arc::new(Inbox::new(bell)));
        Ok(Remote { inbox: inbox.clone() })
    }

    /// Sees to what other threads want: a stop, handlers to be called, closures to be run.
    fn answer(&mut self) {
        let Self { engine, .. } = self;
        engine.silence_report();
        let Some(wake) = &engine.wake else { return };
        let bell = wake.bell.clone();
        if bell.take_stop() {
            engine.ask_to_stop();
        }
        engine.answer_alerts(&bell);
        let Some(inbox) = self.inbox.clone() else { return };
        let mut jobs = core::mem::take(&mut self.jobs);
        // Before any of them runs: whatever they do, the others are not forgotten. An eventfd that cannot be written was closed behind our back.
        if inbox.jobs.take(MOST_PER_TURN, &mut jobs) {
            if let Err(error) = bell.ring() {
                inbox.jobs.unheard();
                self.engine.tell_later(Error::of("remote", error));
            }
        }
        for job in jobs.drain(..) {
            self.engine.count_closure();
            self.run_job(job);
        }
        self.jobs = jobs;
    }

    fn run_job(&mut self, job: Job<S>) {
        // SAFETY: lent for the time of the run call, and no handler runs that would have it. It is another object than the reactor.
        let state = unsafe { &mut *self.state };
        let pinned = Pinned::within(self, Running::NOBODY);
        // The catch is also for the destructor of a result that nobody wants.
        let outcome = catch_unwind(AssertUnwindSafe(|| match job {
            Job::Send(job) => job(state, pinned),
            Job::Call(ticket) => {
                ticket.run(state, pinned);
                Ok(Flow::Keep)
            }
        }));
        match outcome.unwrap_or_else(|payload| Err(panicked(payload))) {
            Ok(Flow::Keep | Flow::Remove) => {}
            Ok(Flow::Stop) => self.engine.ask_to_stop(),
            Err(error) => self.engine.tell_later(Error::of("remote", error)),
        }
    }
}

impl Engine {
    /// Has the handlers of all who have notified called on the next turn.
    fn answer_alerts(&mut self, bell: &Bell) {
        let mut alerts = core::mem::take(&mut self.alerts);
        bell.alerts.take(usize::MAX, &mut alerts);
        for alert in alerts.drain(..) {
            self.trigger_later(alert.answer(), Port { field: 0, index: 0 }, event().readable());
        }
        self.alerts = alerts;
    }
}
