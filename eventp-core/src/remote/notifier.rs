//! Wakers into the reactor: many of them, one eventfd.
//!
//! A notifier has a subscriber without an fd. To notify is to set a flag and, if it was not set, to queue up; the reactor clears the flag before it
//! calls the handler, so what happens later is another call. Each notifier is in the queue once at most, and the queue has room for
//! all of them, so to notify allocates nothing.

use core::fmt;
use core::task::Waker;
use std::io;
use std::sync::Arc;
use std::task::Wake;

use crate::flow::{Flow, IntoFlow};
use crate::key::Key;
use crate::ops::EventpOps;
use crate::ports::{Each, Field, PortCall, Ports};
use crate::reactor::Eventp;
use crate::remote::queue::{Door, Queue};
use crate::remote::wake::Bell;
use crate::subscriber::{Dispatch, Handler, Subscriber};
use crate::sync::{AtomicBool, Ordering};

/// The part of a notifier that its clones and wakers share.
#[derive(Debug)]
pub(crate) struct Alert {
    key: Key,
    pending: Flag,
    bell: Arc<Bell>,
}

/// Whether a call, or a stop, is still to come.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    /// Answers whether it was down. A release in any case: what was written before is seen by who lowers it.
    pub(super) fn raise(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Answers whether it was up.
    pub(super) fn lower(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// Queues up, unless that was done before and not yet answered. Answers whether the reader has to be woken; or who closed the door.
pub(super) fn queue_up<T>(
    pending: &Flag,
    alerts: &Queue<T>,
    alert: impl FnOnce() -> T,
) -> Result<bool, Door> {
    if !pending.raise() {
        return Ok(false);
    }
    alerts.push(alert()).map_err(|(_, door)| {
        pending.lower(); // lest the next one believe that it needs not be told
        door
    })
}

impl Alert {
    fn notify(self: &Arc<Self>) -> io::Result<()> {
        match queue_up(&self.pending, &self.bell.alerts, || self.clone()) {
            Ok(false) => Ok(()),
            Ok(true) => self.bell.ring().inspect_err(|_| {
                // The next one queues up again: better one call too many than one too few.
                self.bell.alerts.unheard();
                self.pending.lower();
            }),
            Err(door) => door.check(),
        }
    }

    /// Whom to call. From here on, to notify is to ask for another call.
    pub(crate) fn answer(&self) -> Key {
        self.pending.lower();
        self.key
    }
}

impl Drop for Alert {
    fn drop(&mut self) {
        self.bell.one_less();
    }
}

/// The function table of wakers is the standard library's for `Arc`s, rather than one of our own: it does what ours would, `Arc`'s counting and a call
/// of `wake`, without `unsafe` here, and is tried under Miri there. With it, a waker is an `Arc<Alert>`; nothing else counts.
impl Wake for Alert {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A waker has nobody to tell that the reactor is gone.
        _ = self.notify();
    }
}

/// Has a handler called from any thread; made by [`Eventp::notifier`].
///
/// Any number of notifications before the reactor comes to it are one call. A clone notifies the same handler. The handler stays registered when
/// all notifiers are dropped; delete it by its [`key`](Notifier::key).
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::{io, sync::Arc, thread};
/// # use eventp_core as eventp;
/// use eventp::{Eventp, Flow};
///
/// # fn main() -> io::Result<()> {
/// let work = Arc::new(AtomicU32::new(0));
/// let mut reactor = Eventp::new()?;
/// let (done, seen) = (Arc::clone(&work), Arc::clone(&work));
/// let notifier = reactor.notifier(move |_| {
///     assert_eq!(seen.load(Ordering::Relaxed), 42);
///     Flow::Stop
/// })?;
/// let worker = thread::spawn(move || {
///     done.store(42, Ordering::Relaxed);
///     notifier.notify()
/// });
/// reactor.run()?;
/// worker.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Notifier(Arc<Alert>);

impl Notifier {
    pub(crate) fn new(key: Key, bell: &Arc<Bell>) -> Self {
        bell.make_room_for_one_more();
        Self(Arc::new(Alert { key, pending: Flag::default(), bell: bell.clone() }))
    }

    /// Has the handler called on the next turn, waking the reactor if it sleeps. What was written before is seen by the handler. If the handler
    /// has been deleted, nothing happens.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if the reactor is gone; what `write(2)` says where a seccomp filter forbids it.
    ///
    /// # Implementation notes
    ///
    /// No allocation. One `write` to an eventfd if no other notifier of the reactor is waiting for its call; else no system call.
    pub fn notify(&self) -> io::Result<()> {
        self.0.notify()
    }

    /// A waker that [`notify`](Notifier::notify)s: for futures that are polled in the handler.
    ///
    /// ```
    /// use std::task::{Context, Poll};
    /// use std::{future, io};
    /// # use eventp_core as eventp;
    /// use eventp::{Eventp, Flow};
    ///
    /// # fn main() -> io::Result<()> {
    /// let mut polls = 0;
    /// let mut task = Box::pin(future::poll_fn(move |context| {
    ///     polls += 1;
    ///     context.waker().wake_by_ref(); // as whoever is waited for would do later
    ///     if polls == 3 { Poll::Ready("done") } else { Poll::Pending }
    /// }));
    /// let mut reactor = Eventp::<Option<&str>>::new()?;
    /// let notifier = reactor.notifier(move |d| {
    ///     let waker = d.fd.waker();
    ///     match task.as_mut().poll(&mut Context::from_waker(&waker)) {
    ///         Poll::Ready(answer) => {
    ///             *d.state = Some(answer);
    ///             Flow::Stop
    ///         }
    ///         Poll::Pending => Flow::Keep,
    ///     }
    /// })?;
    /// notifier.notify()?; // the first poll
    /// let mut answer = None;
    /// reactor.run_with(&mut answer)?;
    /// assert_eq!(answer, Some("done"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Implementation notes
    ///
    /// No allocation: a waker is a clone of the notifier. Its function table is that of [`std::task::Wake`].
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.0.clone())
    }

    /// The name of the handler.
    #[must_use]
    pub fn key(&self) -> Key {
        self.0.key
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("key", &self.key()).finish_non_exhaustive()
    }
}

/// The subscriber of a notifier: it has no fd.
pub(crate) struct Notified<F> {
    pub(crate) notifier: Notifier,
    pub(crate) handler: F,
}

impl<F> Ports for Notified<F> {
    const ONE: bool = true;
    const FIELDS: &'static [Field] = &[];
    type Struct = Self;

    fn ports(&self, _field: usize, _each: Each<'_>) -> io::Result<()> {
        Ok(())
    }

    fn call<W, S>(_field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        None
    }
}

impl<F, R, Ep> Handler<Ep> for Notified<F>
where
    F: FnMut(Dispatch<'_, Notifier, Ep>) -> R,
    R: IntoFlow,
    Ep: EventpOps,
{
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let Dispatch { fd: this, event, interest, key, port, state, reactor } = dispatch;
        let Self { notifier, handler } = this;
        handler(Dispatch { fd: notifier, event, interest, key, port, state, reactor }).into_flow()
    }
}
