//! The reactor as users see it: making it, registering, asking.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the type, and what can be done with it outside of run calls |
//! | `options.rs` | how it is made |
//! | `run.rs` | the run calls with a state |
//! | `operations.rs` | what a `Pinned` does with it |
//!
//! In come subscribers and a state, out go handler calls. Here are the only places that put a user's type and the untyped [`Engine`]
//! together: values go in under the table made for their type, and are lent or taken out only after their type was checked.

mod operations;
mod options;
mod run;

use core::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::__private::IsFd;
use crate::builder::FdSource;
use crate::dispatch::Table;
use crate::engine::Engine;
use crate::entry::{Entry, OwnedEntry};
use crate::error::Error;
use crate::event::Event;
use crate::flow::IntoFlow;
use crate::header::Block;
use crate::interest::Interest;
use crate::key::{Handle, Key};
use crate::ops::sealed::{Ops, Stateless};
use crate::ops::{AsPinned, Pinned, Running, sealed};
use crate::ports::{PortKey, PortSet, Ports};
use crate::refusal;
use crate::remote::notifier::{Notified, Notifier};
use crate::remote::{Inbox, Job, Remote};
use crate::sleep;
use crate::subscriber::{Dispatch, Subscriber};
use crate::todo::Todo;

pub use options::Builder;

#[cfg(feature = "mock")]
pub(crate) use operations::{find_fds, first_fields};

pub(crate) type Hook<S> = Box<dyn FnMut(Error, &mut S)>;

/// The reactor: one epoll instance and all its subscribers.
///
/// `S` is the application state. Run calls lend it by `&mut` to the handlers; it may borrow (`Eventp<Server<'a>>`).
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::os::unix::net::UnixStream;
/// # use eventp_core as eventp;
/// use eventp::{interest, Eventp, Flow};
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
        Builder::new()
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
    /// The fd is whatever implements `AsFd`. The handler is a closure over a [`Dispatch`], or the `NAME::handler` of a function with `#[handler]`. The closure
    /// cannot be named, so the fd cannot be [taken](Eventp::take) back.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Eventp::add).
    pub fn on<Fd, F, R, K>(&mut self, source: FdSource<Fd>, handler: F) -> io::Result<Key>
    where
        Fd: IsFd<K> + 'static,
        F: FnMut(Dispatch<'_, Fd, Self>) -> R + 'static,
        R: IntoFlow,
        K: 'static,
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
    ///   closed (`EBADF`); or the subscriber's ports are named by its fields, and the key does not say which.
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
            return Err(Error::at("take", key, block, refusal::still_to_come()).into());
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
    /// `NotFound` if the key is stale or unknown, or none of the ports is armed; `InvalidInput` if the subscriber's ports are named by its
    /// fields, and the key does not say which ([`Key::port`]).
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

    /// A handler that other threads, or wakers of futures, have called: see [`Notifier`]. It has no fd: what the handler gets in that place is
    /// its notifier.
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
        F: FnMut(Dispatch<'_, Notifier, Self>) -> R + 'static,
        R: IntoFlow,
    {
        let bell = self.bell()?.clone();
        let key = self.engine.registry.next_key()?;
        let notifier = Notifier::new(key, &bell);
        self.add_notified(key, Notified { notifier: notifier.clone(), handler })?;
        Ok(notifier)
    }

    fn add_notified<T: Subscriber<Self>>(&mut self, key: Key, subscriber: T) -> io::Result<()> {
        // SAFETY: the table is that of `T` in an `Eventp<S>`, whose first field the engine is.
        unsafe { self.engine.add_notified(Table::<T, S>::META, key, subscriber) }
    }

    /// Has a subscriber's handler called on the next turn as if its fd had been reported with `event`, which it need not be. For work that the
    /// kernel does not know of: after a snapshot was restored, or when a handler has left something for later.
    ///
    /// Of a subscriber with several fds, [`Key::port`] says which; it is called for each that is armed. To a one-shot port it is its one shot. A
    /// subscriber that is deleted or disarmed before is not called.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown, or none of the ports is armed; `InvalidInput` if it is one-shot and has fired, or if the
    /// subscriber's ports are named by its fields, and the key does not say which.
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

    // Here beside the type and not in `run.rs`, so that the errors about the bounds name the functions by it.

    /// [`run_with`](Eventp::run_with) without a state: of an `Eventp<()>`, which alone is `Stateless`.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_with`](Eventp::run_with).
    pub fn run(&mut self) -> io::Result<()>
    where
        Self: Stateless<State = S>,
    {
        self.run_with(Self::nothing())
    }

    /// [`run_once_with`](Eventp::run_once_with) without a state: of an `Eventp<()>`, which alone is `Stateless`.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Eventp::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_with`](Eventp::run_with).
    #[inline(always)] // as `run_once_with`
    pub fn run_once(&mut self, timeout: Option<Duration>) -> io::Result<usize>
    where
        Self: Stateless<State = S>,
    {
        self.run_once_with(Self::nothing(), timeout)
    }
}

impl<S> Drop for Eventp<S> {
    fn drop(&mut self) {
        // Before the subscribers: the destructor of one may wait for a thread that waits for an answer.
        self.end_remotes();
    }
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
