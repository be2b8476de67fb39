//! The test reactor: [`MockEventp`] does without a kernel what [`Eventp`](crate::Eventp) does with one.
//!
//! In come the same subscribers, handlers and operations; out go the same answers, a record of what was asked for, and handler calls when the test
//! says so. All of it is safe code: a value is in a box, which is taken out while its handler runs, so that nobody else can refer to it. What must
//! stay true is that both reactors answer alike; `tests/mock_differential.rs` runs the same programs against both.
//!
//! - `mod.rs`: the type, and what one asks it from outside.
//! - `registered.rs`: a subscriber and its ports, as kept here.
//! - `ops.rs`: the operations behind [`Pinned`]; `change.rs`: what they change.
//! - `fire.rs`: from a made-up event to handler calls.
//! - `operation.rs`: the record, and which operations are to fail.
//! - `entry.rs`: what one sees of a subscriber.

mod change;
mod entry;
mod fire;
mod operation;
mod ops;
mod registered;

use core::any::Any;
use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use crate::__private::IsFd;
use crate::builder::FdSource;
use crate::error::Error;
use crate::event::Event;
use crate::flow::IntoFlow;
use crate::interest::Interest;
use crate::key::{Handle, Key};
use crate::ops::sealed::Ops;
use crate::ops::{AsPinned, EventpOps, Pinned, Running};
use crate::ports::{PortKey, PortSet, Ports};
use crate::reactor::Hook;
use crate::refusal;
use crate::registry::first_generation;
use crate::subscriber::{Dispatch, Subscriber};

pub use entry::MockEntry;
pub use operation::Operation;

use fire::{Report, Triggered};
use registered::Registered;

/// A reactor for unit tests, without a kernel.
///
/// It takes the same subscribers as [`Eventp`](crate::Eventp), offers the same operations, and answers them alike, down to
/// [`ErrorKind`](io::ErrorKind)s and texts. Beside that it records what it was asked for ([`operations`](MockEventp::operations)), fails when told to
/// ([`fail_next`](MockEventp::fail_next)), and calls handlers when told to ([`fire_with`](MockEventp::fire_with)).
///
/// A function written for handlers is called directly, with [`pinned!`](crate::pinned):
///
/// ```
/// use std::io;
/// use std::os::unix::net::UnixStream;
/// # use eventp_core as eventp;
/// use eventp::{interest, pinned, EventpOps, MockEventp, Operation, Pinned};
///
/// fn greet(stream: UnixStream, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
///     reactor.on(interest().write().with_fd(stream), |_| ())?;
///     Ok(())
/// }
///
/// # fn main() -> io::Result<()> {
/// # let (stream, _peer) = UnixStream::pair()?;
/// let mut reactor = MockEventp::<()>::new();
/// greet(stream.try_clone()?, pinned!(reactor))?;
/// assert!(matches!(reactor.operations(), [Operation::Add { .. }]));
///
/// reactor.fail_next(io::ErrorKind::StorageFull.into());
/// let error = greet(stream, pinned!(reactor)).unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::StorageFull);
/// # Ok(())
/// # }
/// ```
///
/// A whole subscriber is registered and driven:
///
/// ```
/// use std::io::{self, Write};
/// use std::os::unix::net::UnixStream;
/// # use eventp_core as eventp;
/// use eventp::{event, interest, MockEventp};
///
/// # fn main() -> io::Result<()> {
/// # let (stream, _peer) = UnixStream::pair()?;
/// let mut turns = 0;
/// let mut reactor = MockEventp::<i32>::new();
/// let key = reactor.on(interest().write().oneshot().with_fd(stream), |mut d| {
///     *d.state += 1;
///     d.fd.write_all(b"hello")?;
///     if *d.state == 2 { d.reactor.delete(d.key) } else { d.reactor.modify(d.key, d.interest) }
/// })?;
/// let script = [(key, event().writable()), (key, event().writable())];
/// assert_eq!(reactor.fire_all_with(&mut turns, script)?, 2);
/// assert_eq!(turns, 2);
/// assert!(reactor.is_empty());
/// assert_eq!(reactor.fire_with(&mut turns, key, event().writable()).unwrap_err().kind(), io::ErrorKind::NotFound);
/// # Ok(())
/// # }
/// ```
///
/// What it does not do, for want of a kernel:
///
/// - Fds are asked for, and their numbers kept, but nobody looks what they name: a regular file is not refused, nor an fd that is closed. A number that is
///   watched cannot be watched again, even if its fd was closed meanwhile; the real reactor takes it over.
/// - Nothing becomes ready by itself; level and edge make no difference.
/// - It has no [`Remote`](crate::Remote) and no [`Notifier`](crate::Notifier), which are for other threads.
///
/// A handler that names the real reactor, as `Pinned<'_, Eventp<S>>`, cannot run in this one, and its subscriber cannot be registered. Write
/// `Pinned<'_, impl EventpOps<State = S>>`.
pub struct MockEventp<S = ()> {
    subscribers: BTreeMap<Key, Registered<S>>,
    /// The key of the next subscriber: no slot is used twice, so a stale key names nobody.
    next_key: Key,
    /// Made so far, of those that can fail; and the errors of some to come, by their number.
    made: usize,
    failures: Vec<(usize, io::Error)>,
    operations: Vec<Operation>,
    armings: u64,
    /// What is left of the batch in hand, and its serial number.
    batch: VecDeque<Report>,
    serial: u32,
    triggered: Vec<Triggered>,
    is_stopping: bool,
    /// The value of the subscriber that was deleted while its handler ran.
    doomed: Option<Box<dyn Any>>,
    errors: VecDeque<Error>,
    hook: Option<Hook<S>>,
}

impl<S> MockEventp<S> {
    /// A reactor without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            subscribers: BTreeMap::new(),
            next_key: Key { slot: 0, generation: first_generation() },
            made: 0,
            failures: Vec::new(),
            operations: Vec::new(),
            armings: 0,
            batch: VecDeque::new(),
            serial: 0,
            triggered: Vec::new(),
            is_stopping: false,
            doomed: None,
            errors: VecDeque::new(),
            hook: None,
        }
    }

    /// As [`Eventp::add`](crate::Eventp::add).
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if the fd is registered already; `InvalidInput` if it is negative; what [`fail_next`](MockEventp::fail_next) was given.
    pub fn add<T: Subscriber<Self>>(&mut self, subscriber: T) -> io::Result<Handle<T>> {
        Pinned::new(self).add(subscriber)
    }

    /// As [`Eventp::try_add`](crate::Eventp::try_add).
    ///
    /// # Errors
    ///
    /// Those of [`add`](MockEventp::add), with the subscriber.
    pub fn try_add<T: Subscriber<Self>>(
        &mut self,
        subscriber: T,
    ) -> Result<Handle<T>, (T, io::Error)> {
        Pinned::new(self).try_add(subscriber)
    }

    /// As [`Eventp::on`](crate::Eventp::on).
    ///
    /// # Errors
    ///
    /// Those of [`add`](MockEventp::add).
    pub fn on<Fd, F, R, K>(&mut self, source: FdSource<Fd>, handler: F) -> io::Result<Key>
    where
        Fd: IsFd<K> + 'static,
        F: FnMut(Dispatch<'_, Fd, Self>) -> R + 'static,
        R: IntoFlow,
        K: 'static,
    {
        Pinned::new(self).on(source, handler)
    }

    /// As [`Eventp::modify`](crate::Eventp::modify).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::modify`](crate::Eventp::modify) that do not come from the kernel, and what [`fail_next`](MockEventp::fail_next) was given.
    pub fn modify(&mut self, ports: impl Into<PortKey>, interest: Interest) -> io::Result<()> {
        Pinned::new(self).modify(ports, interest)
    }

    /// As [`Eventp::arm`](crate::Eventp::arm).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::arm`](crate::Eventp::arm) that do not come from the kernel, and what [`fail_next`](MockEventp::fail_next) was given.
    pub fn arm<T: Ports + 'static>(
        &mut self,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        self.op_arm_other(Running::NOBODY, handle, ports)
    }

    /// As [`Eventp::disarm`](crate::Eventp::disarm).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::disarm`](crate::Eventp::disarm), and what [`fail_next`](MockEventp::fail_next) was given.
    pub fn disarm<T: 'static>(&mut self, key: impl Into<Key>, ports: PortSet<T>) -> io::Result<()> {
        Pinned::new(self).disarm(key, ports)
    }

    /// As [`Eventp::delete`](crate::Eventp::delete).
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown; what [`fail_next`](MockEventp::fail_next) was given.
    ///
    /// # Panics
    ///
    /// If the destructor does. The subscriber is removed all the same.
    pub fn delete(&mut self, key: impl Into<Key>) -> io::Result<()> {
        Pinned::new(self).delete(key)
    }

    /// As [`Eventp::take`](crate::Eventp::take). It is not recorded.
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown; `ResourceBusy` if a panic has interrupted a batch in which an event of this subscriber is still to
    /// come.
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<T> {
        let key = handle.key();
        let registered = self.find_as("take", handle)?;
        if self.batch.iter().any(|report| registered.has_arming(report)) {
            return Err(registered.error("take", key, refusal::still_to_come()).into());
        }
        let value = self.subscribers.remove(&key).and_then(|registered| registered.value);
        let value = value.and_then(|value| value.downcast().ok());
        value.map(|value| *value).ok_or_else(|| Error::unknown("take", key).into())
    }

    /// As [`Eventp::get`](crate::Eventp::get).
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown.
    pub fn get<T: 'static>(&self, handle: Handle<T>) -> io::Result<&T> {
        let value = self.find_as("get", handle)?.value::<T>();
        value.ok_or_else(|| Error::unknown("get", handle.key()).into())
    }

    /// As [`Eventp::get_mut`](crate::Eventp::get_mut).
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown.
    pub fn get_mut<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<&mut T> {
        self.op_get_mut(Running::NOBODY, handle)
    }

    /// As [`Eventp::interest`](crate::Eventp::interest).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::interest`](crate::Eventp::interest).
    pub fn interest(&self, ports: impl Into<PortKey>) -> io::Result<Interest> {
        self.op_interest(ports.into())
    }

    /// As [`Eventp::contains`](crate::Eventp::contains).
    #[must_use]
    pub fn contains(&self, key: impl Into<Key>) -> bool {
        self.op_contains(key.into())
    }

    /// As [`Eventp::handle`](crate::Eventp::handle).
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
        self.subscribers.len()
    }

    /// Whether no subscriber is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// What is registered, in the order in which it was added.
    pub fn iter(&self) -> impl Iterator<Item = MockEntry<'_, S>> {
        self.subscribers.iter().map(|(&key, registered)| MockEntry::new(key, registered))
    }

    /// As [`Eventp::on_error`](crate::Eventp::on_error).
    pub fn on_error<F>(&mut self, hook: F)
    where
        F: FnMut(Error, &mut S) + 'static,
    {
        self.hook = Some(Box::new(hook));
    }

    /// As [`Eventp::trigger`](crate::Eventp::trigger); the handler is called by [`turn_with`](MockEventp::turn_with).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::trigger`](crate::Eventp::trigger), and what [`fail_next`](MockEventp::fail_next) was given.
    pub fn trigger(&mut self, ports: impl Into<PortKey>, event: Event) -> io::Result<()> {
        Pinned::new(self).trigger(ports, event)
    }

    /// As [`Eventp::stop`](crate::Eventp::stop).
    pub fn stop(&mut self) {
        self.op_stop();
    }

    /// Whether a stop has been asked for: by [`Flow::Stop`](crate::Flow::Stop), or by [`stop`](Pinned::stop). It stays so, and has no other effect.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    fn find(&self, operation: &'static str, key: Key) -> Result<&Registered<S>, Error> {
        self.subscribers.get(&key).ok_or_else(|| Error::unknown(operation, key))
    }

    /// A subscriber that is a `T`. A handle with the wrong type is another reactor's.
    fn find_as<T: 'static>(
        &self,
        operation: &'static str,
        handle: Handle<T>,
    ) -> Result<&Registered<S>, Error> {
        let registered = self.find(operation, handle.key())?;
        if registered.is_a::<T>() {
            Ok(registered)
        } else {
            Err(Error::unknown(operation, handle.key()))
        }
    }
}

impl<S> Default for MockEventp<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> EventpOps for MockEventp<S> {
    type State = S;
}

impl<S> AsPinned for MockEventp<S> {
    type Ops = Self;

    fn as_pinned(&mut self) -> Pinned<'_, Self> {
        Pinned::new(self)
    }
}

/// Lists what is registered: type, key, fd and interest. No subscriber's own `Debug` is called.
impl<S> fmt::Debug for MockEventp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockEventp ")?;
        f.debug_list().entries(self.iter()).finish()
    }
}
