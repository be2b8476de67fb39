//! The reactor as users see it: registering, asking, and the run calls.
//!
//! In come subscribers and a state, out go handler calls. Here is the only place that puts a user's type and the untyped [`Engine`]
//! together: values go in under the table made for their type, and are lent or taken out only after their type was checked.

use core::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::__private::IsFd;
use crate::builder::FdSource;
use crate::dispatch::{self, Table};
use crate::engine::{Engine, Wanted};
use crate::entry::{Entry, OwnedEntry};
use crate::error::Error;
use crate::event::Event;
use crate::flow::IntoFlow;
use crate::header::Block;
use crate::interest::Interest;
use crate::key::{Handle, Key, Port};
use crate::ops::sealed::Ops;
use crate::ops::{AsPinned, EventpOps, Pinned, Running, sealed};
use crate::ports::{PortKey, PortSet, Ports};
use crate::remote::notifier::{Notified, Notifier};
use crate::remote::queue::Door;
use crate::remote::{Inbox, Job, Remote};
use crate::sleep;
use crate::subscriber::{Dispatch, Subscriber};
use crate::sys::Waited;
use crate::todo::Todo;

type Hook<S> = Box<dyn FnMut(Error, &mut S)>;

/// The reactor: one epoll instance and all its subscribers.
///
/// `S` is the application state. Run calls lend it by `&mut` to the handlers; it may borrow (`Eventp<Server<'a>>`).
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::os::unix::net::UnixStream;
/// use eventp_core::{interest, Eventp, Flow};
///
/// # fn main() -> io::Result<()> {
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let mut received = String::new();
/// let mut reactor = Eventp::<String>::new()?;
/// reactor.on(interest().read().with_fd(ours), |d| {
///     d.fd.read_to_string(d.state)?;
///     Ok(Flow::Stop)
/// })?;
/// theirs.write_all(b"hello")?;
/// drop(theirs);
/// reactor.run_with(&mut received)?;
/// assert_eq!(received, "hello");
/// # Ok(())
/// # }
/// ```
///
/// A reactor stays on its thread: it is neither `Send` nor `Sync`. Other threads get a [`Remote`].
///
/// When it is dropped, so are all subscribers. A destructor that panics does not keep the others from being dropped.
#[repr(C)] // the engine is first: dispatch and dead ports reach it through an untyped pointer to the reactor
pub struct Eventp<S = ()> {
    pub(crate) engine: Engine,
    /// What the run call in progress was lent; null outside.
    pub(crate) state: *mut S,
    hook: Option<Hook<S>>,
    pub(crate) before_sleep: Option<sleep::Hook<S>>,
    /// What remotes share with it.
    pub(crate) inbox: Option<Arc<Inbox<S>>>,
    /// Room for what they have handed in.
    pub(crate) jobs: Vec<Job<S>>,
}

/// Options of a new reactor; made by [`Eventp::builder`].
#[derive(Clone, Debug)]
#[must_use = "nothing is made yet; go on with `.build()`"]
pub struct Builder<S = ()> {
    capacity: usize,
    subscribers: usize,
    state: core::marker::PhantomData<fn(&mut S)>,
}

impl<S> Builder<S> {
    /// How many events one `epoll_wait` can return at first (64 unless told). A batch that fills the buffer doubles it, up to 4096.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events;
        self
    }

    /// For how many subscribers to make room in advance (none unless told).
    pub fn subscribers(mut self, subscribers: usize) -> Self {
        self.subscribers = subscribers;
        self
    }

    /// Makes the reactor.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the capacity is zero; `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`);
    /// `OutOfMemory` if there is no memory for so much (or `ENOMEM`).
    ///
    /// # Implementation notes
    ///
    /// One `epoll_create1` with `EPOLL_CLOEXEC`.
    pub fn build(self) -> io::Result<Eventp<S>> {
        if self.capacity == 0 {
            let rule = "the capacity is 0 events, which `epoll_wait(2)` refuses; give at least 1";
            return Err(
                Error::of("create", io::Error::new(io::ErrorKind::InvalidInput, rule)).into()
            );
        }
        let engine = Engine::new(self.capacity, self.subscribers)?;
        Ok(Eventp {
            engine,
            state: core::ptr::null_mut(),
            hook: None,
            before_sleep: None,
            inbox: None,
            jobs: Vec::new(),
        })
    }
}

impl<S> Eventp<S> {
    /// A reactor without subscribers.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A reactor with options.
    ///
    /// ```
    /// # use eventp_core::Eventp;
    /// let reactor = Eventp::<()>::builder().capacity(256).subscribers(10_000).build()?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn builder() -> Builder<S> {
        Builder { capacity: 64, subscribers: 0, state: core::marker::PhantomData }
    }

    /// Adds a subscriber: its fd is asked for once and watched from now on.
    ///
    /// If the fd number belongs to a subscriber whose own fd was closed behind the reactor's back, that one stays registered but gets no
    /// more events: the number is the new one's.
    ///
    /// # Errors
    ///
    /// An [`Error`] in an `io::Error` of these kinds; the subscriber is dropped ([`try_add`](Eventp::try_add) gives it back), everything
    /// that was registered stays so:
    ///
    /// - `AlreadyExists`: the fd is registered already (`EEXIST`).
    /// - `PermissionDenied`: epoll cannot watch such a file, for instance a regular one (`EPERM`).
    /// - `StorageFull`: the limit in `/proc/sys/fs/epoll/max_user_watches` is reached (`ENOSPC`).
    /// - `InvalidInput`: the fd is closed, or an epoll instance that would watch itself (`EBADF`, `EINVAL`, `ELOOP`).
    /// - `OutOfMemory`: `ENOMEM`.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_ctl`, one allocation.
    pub fn add<T: Subscriber<Self>>(&mut self, subscriber: T) -> io::Result<Handle<T>> {
        Pinned::new(self).add(subscriber)
    }

    /// Adds a subscriber, and gives it back if that fails.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Eventp::add), with the subscriber.
    pub fn try_add<T: Subscriber<Self>>(
        &mut self,
        subscriber: T,
    ) -> Result<Handle<T>, (T, io::Error)> {
        Pinned::new(self).try_add(subscriber)
    }

    /// Adds an fd with a handler: the shortest form.
    ///
    /// The handler is a closure over a [`Dispatch`], or the `NAME::handler` of a function with `#[handler]`.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Eventp::add).
    pub fn on<Fd, F, R>(&mut self, source: FdSource<Fd>, handler: F) -> io::Result<Key>
    where
        Fd: IsFd + 'static,
        F: FnMut(Dispatch<'_, Fd, Self>) -> R + 'static,
        R: IntoFlow,
    {
        Pinned::new(self).on(source, handler)
    }

    /// Changes a subscriber's interest, and re-arms it if it is one-shot.
    ///
    /// Of a subscriber with several fds, [`Key::port`] says which; if one of them is refused, all keep the interest they had.
    ///
    /// # Errors
    ///
    /// - `NotFound`: the key is stale or unknown; the fd was closed or replaced since it was registered (`ENOENT`); or none of the ports is
    ///   armed.
    /// - `InvalidInput`: the registration is exclusive, or `interest` is (`epoll_ctl(2)`), found out before any system call; the fd is
    ///   closed (`EBADF`); or the subscriber has several fds and the key does not say which.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_ctl` per port; none if the interest is in force already and not one-shot.
    pub fn modify(&mut self, ports: impl Into<PortKey>, interest: Interest) -> io::Result<()> {
        Pinned::new(self).modify(ports, interest)
    }

    /// Watches fds of a subscriber that are not watched yet: those that its fields have now. All of them or, if one is refused, none.
    ///
    /// # Errors
    ///
    /// - `NotFound`: the handle is stale or unknown.
    /// - `AlreadyExists`: one of the ports is armed already, or its fd is registered (`EEXIST`).
    /// - Others as in [`add`](Eventp::add). The text names the field.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_ctl` per fd, and one allocation if the subscriber needs more headers than before.
    pub fn arm<T: Ports + 'static>(
        &mut self,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        self.op_arm_other(Running::NOBODY, handle, ports)
    }

    /// Watches fds of a subscriber no longer.
    ///
    /// # Errors
    ///
    /// - `NotFound`: the key is stale or unknown, or none of the ports is armed.
    /// - `InvalidInput`: the subscriber has but one fd.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_ctl` per fd.
    pub fn disarm<T: 'static>(&mut self, key: impl Into<Key>, ports: PortSet<T>) -> io::Result<()> {
        Pinned::new(self).disarm(key, ports)
    }

    /// Removes a subscriber and drops it.
    ///
    /// It succeeds even if the fd was closed behind the reactor's back; what the kernel may still report of it reaches nobody.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown.
    ///
    /// # Panics
    ///
    /// If the destructor does. The subscriber is removed all the same.
    ///
    /// # Implementation notes
    ///
    /// One `epoll_ctl`. A reactor that has collected many registrations of fds closed behind its back makes a new epoll instance
    /// (`epoll_create1`, an `epoll_ctl` each, `close`).
    pub fn delete(&mut self, key: impl Into<Key>) -> io::Result<()> {
        Pinned::new(self).delete(key)
    }

    /// Removes a subscriber and gives it back.
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown; `ResourceBusy` if a panic has interrupted a batch in which an event of this
    /// subscriber is still to come: the next run call delivers it.
    ///
    /// # Implementation notes
    ///
    /// As [`delete`](Eventp::delete).
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<T> {
        let block = find_as::<T>(&self.engine, "take", handle)?;
        let key = handle.key();
        if self.engine.is_pending(key) {
            let reason = "an event of an interrupted batch is still to come; make a run call first";
            let busy = io::Error::new(io::ErrorKind::ResourceBusy, reason);
            return Err(Error::at("take", key, block, busy).into());
        }
        // SAFETY: the type was checked. I2: no handler runs, since we have `&mut self` and not a `Pinned` (I5); the block has left the
        // registry, so nobody finds it any more.
        Ok(unsafe { self.engine.take_value(key, block) })
    }

    /// Lends a subscriber.
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown.
    pub fn get<T: 'static>(&self, handle: Handle<T>) -> io::Result<&T> {
        let block = find_as::<T>(&self.engine, "get", handle)?;
        // SAFETY: the type was checked. I2: no handler runs, since we have `&self` and not a `Pinned` (I5); the reference lives as long as
        // the borrow, in which nobody can get a `&mut`.
        Ok(unsafe { &*block.value().cast::<T>() })
    }

    /// Lends a subscriber by `&mut`. Whatever happens to the value, the reactor keeps watching the fd that it was registered with.
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown.
    pub fn get_mut<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<&mut T> {
        self.op_get_mut(Running::NOBODY, handle)
    }

    /// The interest now in force; of several ports, that of the first.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown, or none of the ports is armed; `InvalidInput` if the subscriber has several fds and the key
    /// does not say which ([`Key::port`]).
    pub fn interest(&self, ports: impl Into<PortKey>) -> io::Result<Interest> {
        self.op_interest(ports.into())
    }

    /// Whether the key names a registered subscriber.
    #[must_use]
    pub fn contains(&self, key: impl Into<Key>) -> bool {
        self.op_contains(key.into())
    }

    /// The handle of a subscriber whose type is known.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown, or its subscriber is no `T`.
    pub fn handle<T: 'static>(&self, key: impl Into<Key>) -> io::Result<Handle<T>> {
        self.op_handle(key.into())
    }

    /// How many subscribers are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine.registry.len()
    }

    /// Whether no subscriber is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is registered, in no promised order.
    ///
    /// ```
    /// # use std::os::unix::net::UnixStream;
    /// # use eventp_core::{interest, Eventp};
    /// # fn main() -> std::io::Result<()> {
    /// # let (stream, _peer) = UnixStream::pair()?;
    /// let mut reactor = Eventp::<()>::new()?;
    /// let key = reactor.on(interest().read().with_fd(stream), |_| ())?;
    /// for entry in reactor.iter() {
    ///     assert_eq!(entry.key(), key);
    ///     for port in entry.ports() {
    ///         println!("{} watches fd {} for {:?}", entry.type_name(), port.fd(), port.interest());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.engine.registry.blocks().map(|(key, block)| Entry::new(key, block, &self.engine))
    }

    /// Ends the reactor and gives all subscribers back, in no promised order. Events not yet delivered are lost.
    ///
    /// ```
    /// # use std::io;
    /// # use std::os::unix::net::UnixStream;
    /// # use std::os::fd::{AsFd, BorrowedFd};
    /// # use eventp_core::{interest, Dispatch, Eventp, EventpOps, Flow, Handler, HasInterest, Interest};
    /// # struct Peer(UnixStream);
    /// # impl AsFd for Peer { fn as_fd(&self) -> BorrowedFd<'_> { self.0.as_fd() } }
    /// # impl HasInterest for Peer { fn interest(&self) -> Interest { interest().read() } }
    /// # impl<Ep: EventpOps> Handler<Ep> for Peer {
    /// #     fn handle(_: Dispatch<'_, Self, Ep>) -> io::Result<Flow> { Ok(Flow::Keep) }
    /// # }
    /// # fn main() -> io::Result<()> {
    /// # let (stream, _peer) = UnixStream::pair()?;
    /// let mut reactor = Eventp::<()>::new()?;
    /// reactor.add(Peer(stream))?;
    /// let peers: Vec<Peer> =
    ///     reactor.into_subscribers().filter_map(|entry| entry.downcast().ok()).collect();
    /// assert_eq!(peers.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_subscribers(mut self) -> impl Iterator<Item = OwnedEntry> {
        self.end_remotes();
        self.engine.drop_doomed();
        core::iter::from_fn(move || self.engine.pop_value())
    }

    /// Sets who is told of errors: a handler's, whose subscriber is removed, and those of the reactor itself (a rebuild of the epoll
    /// instance that failed). It replaces the hook set before.
    ///
    /// In debug builds, and with the feature `spin-detector`, it is also told of a level-triggered fd that was reported in 1,000 turns in a row and whose
    /// handler changes nothing about that (operation `spin`, once per culprit; without a hook, this goes to standard error).
    ///
    /// Without a hook, the run call returns the error after the batch is finished; of several errors, one run call returns one, and the
    /// next call goes on with the next before it waits.
    pub fn on_error<F>(&mut self, hook: F)
    where
        F: FnMut(Error, &mut S) + 'static,
    {
        self.hook = Some(Box::new(hook));
    }

    /// A handle for other threads.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded` if the process or the system has no fd left (`EMFILE`, `ENFILE`); others as in [`add`](Eventp::add).
    ///
    /// # Implementation notes
    ///
    /// The first call makes an eventfd (`eventfd2`, `epoll_ctl`); later ones make no system call.
    pub fn remote(&mut self) -> io::Result<Remote<S>> {
        self.make_remote()
    }

    /// A handler that other threads, or wakers of futures, have called: see [`Notifier`].
    ///
    /// # Errors
    ///
    /// Those of [`remote`](Eventp::remote).
    ///
    /// # Implementation notes
    ///
    /// All notifiers of a reactor share the eventfd of [`remote`](Eventp::remote).
    pub fn notifier<F, R>(&mut self, handler: F) -> io::Result<Notifier>
    where
        F: FnMut(Dispatch<'_, (), Self>) -> R + 'static,
        R: IntoFlow,
    {
        let bell = self.bell()?.clone();
        let key = self.add_notified(Notified(handler))?;
        Ok(Notifier::new(key, &bell))
    }

    fn add_notified<T: Subscriber<Self>>(&mut self, subscriber: T) -> io::Result<Key> {
        // SAFETY: the table is that of `T` in an `Eventp<S>`, whose first field the engine is.
        unsafe { self.engine.add_notified(Table::<T, S>::META, subscriber) }
    }

    /// Has a subscriber's handler called on the next turn as if its fd had been reported with `event`, which it need not be. For work that the
    /// kernel does not know of: after a snapshot was restored, or when a handler has left something for later.
    ///
    /// Of a subscriber with several fds, [`Key::port`] says which; it is called for each that is armed. To a one-shot port it is its one shot. A
    /// subscriber that is deleted or disarmed before is not called.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown, or none of the ports is armed; `InvalidInput` if it is one-shot and has fired, or if the subscriber
    /// has several fds and the key does not say which.
    ///
    /// # Implementation notes
    ///
    /// No system call; the next turn does not sleep.
    pub fn trigger(&mut self, ports: impl Into<PortKey>, event: Event) -> io::Result<()> {
        Pinned::new(self).trigger(ports, event)
    }

    /// Has the run call return after the batch in hand; outside of one, the next returns at once.
    pub fn stop(&mut self) {
        self.op_stop();
    }

    /// Whether a stop has been asked for that no [`run_with`](Eventp::run_with) has answered yet. For loops around
    /// [`run_once_with`](Eventp::run_once_with), which does not answer it.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.engine.todo.has(Todo::STOP)
    }

    /// Waits and dispatches until stopped: by [`Flow::Stop`](crate::Flow::Stop), [`Pinned::stop`] or [`Remote::stop`].
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
                return Ok(());
            } else {
                lent.reactor.turn_with_more(None)?;
            }
        }
    }

    /// Waits for one batch, dispatches it, and says how many events reached a handler; closures of a [`Remote`] count as one each.
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
    #[inline]
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
        let engine = &mut self.engine;
        let is_asked =
            engine.todo.has(Todo::STOP) && !core::mem::replace(&mut engine.stop_heeded, true);
        self.turn_with_more(if is_asked { Some(Duration::ZERO) } else { timeout })
    }

    /// Whoever waits for an answer to what was handed in would wait until the next run call, if there is one.
    fn close_door(&mut self) {
        if let Some(inbox) = self.inbox.clone() {
            self.engine.todo.set(Todo::CALL);
            inbox.set_door(Door::Stopped);
        }
    }

    /// A turn with something to do beside the wait: triggers, and the hook before it sleeps.
    #[inline(never)]
    fn turn_with_more(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        if !self.engine.todo.has(Todo::TRIGGER) {
            let timeout = self.time_to_sleep(timeout);
            return self.turn(timeout);
        }
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
        if self.engine.todo.take(Todo::ATTEND) {
            self.engine.drop_doomed();
        }
        self.tell_hook();
        if let (true, Some(inbox)) = (self.engine.todo.has(Todo::CALL), &self.inbox) {
            inbox.set_door(Door::Open);
            if self.before_sleep.is_none() {
                self.engine.todo.clear(Todo::CALL);
            }
        }
        if self.engine.is_in_batch() {
            return self.deliver(self.engine.batch.next, self.engine.batch.len);
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
            Waited::Failed => self.turn_again(timeout),
        }
    }

    /// A turn whose wait has just failed: perhaps it was but interrupted.
    #[cold]
    #[inline(never)]
    fn turn_again(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(Error::of("wait", error).into());
        }
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
        // SAFETY: the pointer is derived from our `&mut self`, which is not used while it is; `turn` and `resume` are called with a lent
        // state only. The wait has just filled so many, or had when the batch was interrupted at `next`.
        unsafe { dispatch::deliver(&raw mut *self, next, len) };
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
                None => eprintln!("eventp: {error}"),
            }
        }
    }

    /// Ends the batch, where there is more to do than that.
    #[inline(never)]
    fn finish_batch(&mut self, next: usize, len: usize) -> io::Result<usize> {
        let handled = self.engine.finish_batch(next, len);
        self.tell()?;
        // Who has been notified is called in the turn whose only event said so.
        if handled == 0 && self.engine.todo.has(Todo::TRIGGER) {
            return self.deliver_triggered();
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

/// For reactors without a state.
impl Eventp {
    /// [`run_with`](Eventp::run_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_with`](Eventp::run_with).
    pub fn run(&mut self) -> io::Result<()> {
        self.run_with(&mut ())
    }

    /// [`run_once_with`](Eventp::run_once_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_with`](Eventp::run_with).
    pub fn run_once(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.run_once_with(&mut (), timeout)
    }
}

impl<S> Drop for Eventp<S> {
    fn drop(&mut self) {
        // Before the subscribers: the destructor of one may wait for a thread that waits for an answer.
        self.end_remotes();
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

/// The fields that are armed at registration.
const fn first_fields<T: Ports>() -> u64 {
    let (mut fields, mut field) = (0, 0);
    while field < T::FIELDS.len() {
        if T::FIELDS[field].armed {
            fields |= 1 << field;
        }
        field += 1;
    }
    fields
}

/// The fds that these fields of a subscriber have now, with their first interests.
fn find_fds<T: Ports>(subscriber: &T, fields: u64, wanted: &mut Vec<Wanted>) -> io::Result<()> {
    wanted.clear();
    let mut rest = fields;
    while rest != 0 {
        let field = rest.trailing_zeros() as u8;
        rest &= rest - 1;
        let mut number = 0usize;
        subscriber.ports(usize::from(field), &mut |fd, interest| {
            if let Ok(index) = u16::try_from(number) {
                wanted.push(Wanted::new(Port { field, index }, fd, interest));
            }
            number += 1;
        })?;
        if number > usize::from(u16::MAX) + 1 {
            let reason = "a field has more than 65,536 fds; divide them among several subscribers";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
    }
    Ok(())
}

/// The block of a subscriber that is a `T`. A handle with the wrong type is another reactor's.
fn find_as<T: 'static>(
    engine: &Engine,
    operation: &'static str,
    handle: Handle<T>,
) -> Result<Block, Error> {
    let block = engine.find(operation, handle.key())?;
    if block.holds::<T>() { Ok(block) } else { Err(Error::unknown(operation, handle.key())) }
}

// SAFETY: nothing implements `LeavesItsThread`, so these are no impls at all. They are here for their error, which otherwise names each field.
unsafe impl<S> Send for Eventp<S> where Eventp<S>: sealed::LeavesItsThread {}
// SAFETY: as above.
unsafe impl<S> Sync for Eventp<S> where Eventp<S>: sealed::LeavesItsThread {}

impl<S> EventpOps for Eventp<S> {
    type State = S;
}

impl<S> Ops for Eventp<S> {
    fn op_add<T: Subscriber<Self>>(&mut self, subscriber: T) -> Result<Handle<T>, (T, io::Error)> {
        // I3: fds and interests are asked for once, and before anything is changed: user code, which may panic.
        let meta = Table::<T, S>::META;
        let added = if T::ONE {
            let (mut fd, mut interest) = (-1, crate::interest::interest());
            if let Err(error) =
                subscriber.ports(0, &mut |number, first| (fd, interest) = (number, first))
            {
                return Err((subscriber, Error::adding(fd, meta, 0, error).into()));
            }
            // SAFETY: the table is that of `T` in an `Eventp<S>`, whose first field the engine is, and near since `T` has one fd.
            unsafe { self.engine.add_one(meta, fd, interest, subscriber) }
        } else {
            let mut wanted = core::mem::take(&mut self.engine.wanted);
            if let Err(error) = find_fds(&subscriber, first_fields::<T>(), &mut wanted) {
                return Err((subscriber, Error::adding(-1, meta, 0, error).into()));
            }
            // SAFETY: as above, and not near since `T` has several.
            let added = unsafe { self.engine.add_several(meta, &mut wanted, subscriber) };
            self.engine.wanted = wanted;
            added
        };
        match added {
            Ok(key) => Ok(Handle::new(key)),
            Err((subscriber, error)) => Err((subscriber, error.into())),
        }
    }

    fn op_modify(&mut self, ports: PortKey, interest: Interest) -> io::Result<()> {
        self.engine.modify(ports, interest).map_err(io::Error::from)
    }

    fn op_arm<T: Ports + 'static>(
        &mut self,
        key: Key,
        subscriber: &T,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let block = self.engine.find("arm", key)?;
        let refused = |error| io::Error::from(Error::at("arm", key, block, error));
        if (block.meta().struct_id)() != T::struct_id() {
            return Err(Error::unknown("arm", key).into());
        }
        if block.meta().near.is_some() {
            let reason = "it has one fd, which is armed as long as it is registered";
            return Err(refused(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        let mut wanted = core::mem::take(&mut self.engine.wanted);
        // User code, which may panic: nothing has changed yet (I4).
        find_fds(subscriber, ports.fields(), &mut wanted).map_err(refused)?;
        let armed = self.engine.arm(key, block, &mut wanted);
        self.engine.wanted = wanted;
        armed.map_err(io::Error::from)
    }

    fn op_arm_other<T: Ports + 'static>(
        &mut self,
        by: Running,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        let subscriber: *const T = self.op_get_mut(by, handle)?;
        // SAFETY: I2: `op_get_mut` has lent it, so its handler does not run. The value lies outside of the reactor, which forms no other
        // reference to it while it arms.
        self.op_arm(handle.key(), unsafe { &*subscriber }, ports)
    }

    fn op_disarm(&mut self, ports: PortKey) -> io::Result<()> {
        self.engine.disarm(ports).map_err(io::Error::from)
    }

    fn op_delete(&mut self, by: Running, key: Key) -> io::Result<()> {
        if self.engine.delete(by, key) { Ok(()) } else { Err(Error::unknown("delete", key).into()) }
    }

    fn op_stop(&mut self) {
        self.engine.ask_to_stop();
    }

    fn op_trigger(&mut self, ports: PortKey, event: Event) -> io::Result<()> {
        self.engine.trigger(ports, event).map_err(io::Error::from)
    }

    fn op_interest(&self, ports: PortKey) -> io::Result<Interest> {
        self.engine.interest(ports).map_err(io::Error::from)
    }

    fn op_contains(&self, key: Key) -> bool {
        self.engine.registry.find(key).is_some()
    }

    fn op_handle<T: 'static>(&self, key: Key) -> io::Result<Handle<T>> {
        find_as::<T>(&self.engine, "get", Handle::new(key))?;
        Ok(Handle::new(key))
    }

    fn op_get_mut<T: 'static>(&mut self, by: Running, handle: Handle<T>) -> io::Result<&mut T> {
        let block = find_as::<T>(&self.engine, "get", handle)?;
        if by.is(handle.key()) {
            let reason = "its own handler is running and has it as `&mut self` already";
            let busy = io::Error::new(io::ErrorKind::ResourceBusy, reason);
            return Err(Error::at("get", handle.key(), block, busy).into());
        }
        // SAFETY: the type was checked. I2: it is not the running one, and the reference lives as long as the exclusive borrow of the
        // reactor, or of the only `Pinned` there is.
        Ok(unsafe { &mut *block.value().cast::<T>() })
    }
}

impl<S> AsPinned for Eventp<S> {
    type Ops = Self;

    fn as_pinned(&mut self) -> Pinned<'_, Self> {
        Pinned::new(self)
    }
}

/// Lists what is registered: type, key, fd and interest. No subscriber's own `Debug` is called.
impl<S> fmt::Debug for Eventp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Eventp ")?;
        f.debug_list().entries(self.iter()).finish()
    }
}
