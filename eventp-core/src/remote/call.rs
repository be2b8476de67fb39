//! A call in flight: the closure on its way to the reactor, and the result on its way back.
//!
//! Both sides hold a [`Slot`]. It has the closure until the reactor takes it or the caller withdraws it, and then the result until the
//! caller takes that; whichever side goes first leaves it in a state that the other understands. No lock is held while user code runs:
//! the closure, its destructor and that of its result.

use core::any::Any;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ops::Pinned;
use crate::reactor::Eventp;
use crate::remote::{Inbox, Job};
use crate::sync::{self, Condvar, Mutex, lock};

/// How far a call has come.
pub(super) enum State<F, R> {
    Waiting(F, Option<Waker>),
    Running(Option<Waker>),
    Done(io::Result<R>),
    /// The result has been taken, or nobody wants it.
    Over,
}

impl<F, R> State<F, R> {
    fn take_result(&mut self) -> Option<io::Result<R>> {
        match core::mem::replace(self, Self::Over) {
            Self::Done(result) => Some(result),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// What caller and reactor share of a call.
pub(crate) struct Slot<F, R> {
    state: Mutex<State<F, R>>,
    changed: Condvar,
}

/// What the reactor does with a call.
pub(crate) trait Run<S>: Send + Sync {
    fn run(&self, state: &mut S, reactor: Pinned<'_, Eventp<S>>);
    /// It will not run, if it has not.
    fn abandon(&self);
    /// Whether its caller waits no longer.
    fn is_given_up(&self) -> bool;
}

/// The reactor's side of a call. If it is dropped before it ran, the caller is told.
pub(crate) struct Ticket<S>(Arc<dyn Run<S>>);

impl<S> Ticket<S> {
    pub(crate) fn run(self, state: &mut S, reactor: Pinned<'_, Eventp<S>>) {
        self.0.run(state, reactor);
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.0.is_given_up()
    }
}

impl<S> Drop for Ticket<S> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<F, R> Slot<F, R> {
    pub(super) fn new(job: F) -> Self {
        Self { state: Mutex::new(State::Waiting(job, None)), changed: Condvar::new() }
    }

    /// Takes the closure, unless somebody has.
    pub(super) fn begin(&self) -> Option<F> {
        let mut state = lock(&self.state);
        match core::mem::replace(&mut *state, State::Over) {
            State::Waiting(job, waker) => {
                *state = State::Running(waker);
                Some(job)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Hands the result over. One that nobody wants is dropped.
    pub(super) fn finish(&self, result: io::Result<R>) {
        let mut state = lock(&self.state);
        let State::Running(waker) = &mut *state else {
            drop(state);
            return drop(result);
        };
        let waker = waker.take();
        *state = State::Done(result);
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The caller waits no longer. Answers how far the call has come: if nobody has begun it, nobody will.
    pub(super) fn give_up(&self) -> State<F, R> {
        core::mem::replace(&mut *lock(&self.state), State::Over)
    }

    /// Has this waker be woken when there is a result, and gives the former one back; or gives the result, unless that has been taken.
    pub(super) fn wake_later(&self, waker: Waker) -> Result<Option<Waker>, Option<io::Result<R>>> {
        let mut state = lock(&self.state);
        match &mut *state {
            State::Waiting(_, place) | State::Running(place) => Ok(place.replace(waker)),
            State::Done(_) | State::Over => Err(state.take_result()),
        }
    }

    /// Waits for the result, if need be until a deadline.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Option<io::Result<R>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(result) = state.take_result() {
                return Some(result);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            state = sync::wait(&self.changed, state, left);
        }
    }
}

impl<S, F, R> Run<S> for Slot<F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send,
    R: Send,
{
    fn run(&self, state: &mut S, reactor: Pinned<'_, Eventp<S>>) {
        let Some(job) = self.begin() else { return };
        let result = catch_unwind(AssertUnwindSafe(|| job(state, reactor)));
        self.finish(result.map_err(panicked));
    }

    fn abandon(&self) {
        if let Some(job) = self.begin() {
            let reason = "the reactor stopped before it came to this call";
            let error = io::Error::new(io::ErrorKind::BrokenPipe, reason);
            // Both are user code, the waker and the destructor: a panic of the one must not meet one of the other, which aborts.
            let told = catch_unwind(AssertUnwindSafe(|| self.finish(Err(error))));
            drop(job);
            if let Err(payload) = told {
                resume_unwind(payload);
            }
        }
    }

    fn is_given_up(&self) -> bool {
        matches!(*lock(&self.state), State::Over)
    }
}

/// A closure panicked: what its caller, or the error hook, is told.
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> io::Error {
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(payload) => {
                // Its destructor is user code, too. What that panics with is not tried any further, unless it is a text.
                match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                    Err(again) if !again.is::<&str>() && !again.is::<String>() => {
                        core::mem::forget(again);
                    }
                    _ => {}
                }
                return io::Error::other("the closure panicked");
            }
        },
    };
    io::Error::other(format!("the closure panicked: {text}"))
}

/// The caller's side of a call. Dropped before the closure ran, it takes that back.
pub(crate) struct Call<S, F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
    R: Send + 'static,
{
    slot: Arc<Slot<F, R>>,
    inbox: Arc<Inbox<S>>,
    /// Why it could not be handed in.
    refused: Option<io::Error>,
}

impl<S, F, R> Call<S, F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
    R: Send + 'static,
{
    pub(crate) fn begin(inbox: &Arc<Inbox<S>>, job: F) -> Self {
        let slot = Arc::new(Slot::new(job));
        let ticket = Ticket(slot.clone() as Arc<dyn Run<S>>);
        let refused = inbox.hand_in(Job::Call(ticket)).err();
        // Where the reactor could not be woken, but was awake and has begun, the result comes all the same.
        let refused = refused
            .filter(|error| error.kind() == io::ErrorKind::BrokenPipe || slot.begin().is_some());
        Self { slot, inbox: inbox.clone(), refused }
    }

    pub(crate) fn wait(mut self, timeout: Option<Duration>) -> io::Result<R> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        // A time too far for the clock is for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if let Some(result) = self.slot.wait(deadline) {
            return result;
        }
        let reason = match self.take_back() {
            State::Done(result) => return result, // in the last moment
            State::Waiting(..) => "the reactor has not come to this call in time; it will not run",
            State::Running(_) | State::Over => {
                "the call was running when the time was over; its result is dropped"
            }
        };
        Err(io::Error::new(io::ErrorKind::TimedOut, reason))
    }

    fn take_back(&self) -> State<F, R> {
        let how_far = self.slot.give_up();
        let is_given_up = |job: &Job<S>| match job {
            Job::Call(ticket) => ticket.is_given_up(),
            Job::Send(_) => false,
        };
        drop(self.inbox.jobs.give_up_one(is_given_up));
        how_far
    }
}

impl<S, F, R> Drop for Call<S, F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
    R: Send + 'static,
{
    fn drop(&mut self) {
        if !matches!(*lock(&self.slot.state), State::Over) {
            drop(self.take_back());
        }
    }
}

impl<S, F, R> Future for Call<S, F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = io::Result<R>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(refused) = this.refused.take() {
            return Poll::Ready(Err(refused));
        }
        // Both are user code: that of a waker's clone, and that of a former one's destructor.
        match this.slot.wake_later(context.waker().clone()) {
            Ok(_former) => Poll::Pending,
            Err(result) => Poll::Ready(result.expect("a call is awaited once")),
        }
    }
}

/// Neither side keeps a reference into the other.
impl<S, F, R> Unpin for Call<S, F, R>
where
    F: FnOnce(&mut S, Pinned<'_, Eventp<S>>) -> R + Send + 'static,
    R: Send + 'static,
{
}
