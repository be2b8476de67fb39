//! What a handler may do with the reactor: [`Pinned`], and [`EventpOps`] behind it.
//!
//! A handler runs while the reactor's own loop is on the stack, so whoever could move, replace, drop or run the reactor
//! from there would pull the ground from under it (I5). [`Pinned`] therefore keeps its `&mut` to itself, and hands every
//! operation a [`Running`] that says on whose behalf it is made. Only this crate can make a [`Running`], so nobody else
//! can reach the operations behind [`EventpOps`] past a `Pinned`.

use core::fmt;
use std::io;

use crate::__private::IsFd;
use crate::builder::FdSource;
use crate::event::Event;
use crate::flow::IntoFlow;
use crate::interest::Interest;
use crate::key::{Handle, Key};
use crate::ports::{PortKey, PortSet, Ports};
use crate::subscriber::{Dispatch, Subscriber};

pub(crate) mod sealed {
    use super::{Event, Handle, Interest, Key, PortKey, PortSet, Ports, Running, Subscriber, io};

    /// The operations behind a `Pinned`. Here and not in `EventpOps`, so that the error of who implements that is one sentence.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an `EventpOps`",
        label = "only the reactor and the test reactor are",
        note = "to accept both, take `Pinned<'_, impl EventpOps>`"
    )]
    pub trait Ops: Sized {
        fn op_add<T: Subscriber<Self>>(
            &mut self,
            subscriber: T,
        ) -> Result<Handle<T>, (T, io::Error)>
        where
            Self: super::EventpOps;
        fn op_modify(&mut self, ports: PortKey, interest: Interest) -> io::Result<()>;
        fn op_arm<T: Ports + 'static>(
            &mut self,
            key: Key,
            subscriber: &T,
            ports: PortSet<T::Struct>,
        ) -> io::Result<()>;
        fn op_arm_other<T: Ports + 'static>(
            &mut self,
            by: Running,
            handle: Handle<T>,
            ports: PortSet<T::Struct>,
        ) -> io::Result<()>;
        fn op_disarm(&mut self, ports: PortKey) -> io::Result<()>;
        fn op_delete(&mut self, by: Running, key: Key) -> io::Result<()>;
        fn op_stop(&mut self);
        fn op_trigger(&mut self, ports: PortKey, event: Event) -> io::Result<()>;
        fn op_interest(&self, ports: PortKey) -> io::Result<Interest>;
        fn op_contains(&self, key: Key) -> bool;
        fn op_handle<T: 'static>(&self, key: Key) -> io::Result<Handle<T>>;
        fn op_get_mut<T: 'static>(&mut self, by: Running, handle: Handle<T>) -> io::Result<&mut T>;
    }

    /// A reactor whose state is `()`. A bound on each call that lends none, instead of impls for such reactors alone: so every reactor has the call,
    /// and the error where it cannot be made has words.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has a state, which this call does not lend",
        label = "lends no state",
        note = "write `run_with(&mut state)`, or `run_once_with(&mut state, timeout)`; with a `MockEventp`, `fire_with(&mut state, ..)`"
    )]
    pub trait Stateless {
        /// `()`. The bounds say that it is what the reactor has as well.
        type State;
        /// Such a state.
        fn nothing<'a>() -> &'a mut Self::State;
    }

    // One impl for each type of reactors: by that rustc knows the state where nothing else says it. By one for `()` itself it would not.
    #[diagnostic::do_not_recommend]
    impl Stateless for crate::Eventp {
        type State = ();
        #[inline(always)] // into the run calls
        fn nothing<'a>() -> &'a mut () {
            // A box of nothing allocates nothing, and is at an address that is known when this is compiled.
            Box::leak(Box::new(()))
        }
    }

    #[cfg(feature = "mock")]
    #[diagnostic::do_not_recommend]
    impl Stateless for crate::MockEventp {
        type State = ();
        fn nothing<'a>() -> &'a mut () {
            crate::Eventp::nothing()
        }
    }

    /// What could be sent to another thread, if there were such reactors. Nobody implements it: it gives the error its words.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` stays on the thread of its reactor",
        label = "cannot be used by another thread",
        note = "other threads reach a reactor by `reactor.remote()`"
    )]
    pub trait LeavesItsThread {}
}

/// What both the reactor and the test reactor can do; sealed.
///
/// It is used as a bound, and its operations through [`Pinned`]:
///
/// ```
/// use std::io;
/// # use eventp_core as eventp;
/// use eventp::{EventpOps, Key, Pinned};
///
/// struct Server { last: Option<Key> }
///
/// fn hang_up(server: &mut Server, mut reactor: Pinned<'_, impl EventpOps<State = Server>>) -> io::Result<()> {
///     match server.last.take() {
///         Some(key) => reactor.delete(key),
///         None => Ok(()),
///     }
/// }
/// ```
pub trait EventpOps: sealed::Ops {
    /// The application state that run calls lend to handlers.
    type State;
}

/// On whose behalf an operation is made: the subscriber whose handler is running, or nobody's.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Running(Key);

impl Running {
    /// Outside of any handler. No subscriber has this key: the registry has no such slot.
    pub(crate) const NOBODY: Self = Self(Key { slot: u32::MAX, generation: 0 });

    /// Inside a handler of this subscriber.
    pub(crate) fn handler_of(key: Key) -> Self {
        Self(key)
    }

    /// Whether it is a handler of this subscriber.
    pub(crate) fn is(self, key: Key) -> bool {
        self.0 == key
    }
}

/// The narrow view of the reactor that a handler gets.
///
/// It adds, modifies, deletes and stops, answers read-only questions, and lends other subscribers. It neither runs nor
/// drops nor moves the reactor, and it ends with the handler. Pass it on by [`reborrow`](Pinned::reborrow), or by `&mut` where a
/// function takes [`AsPinned`].
///
/// ```
/// use std::io;
/// # use eventp_core as eventp;
/// use eventp::{interest, Eventp};
///
/// # fn main() -> io::Result<()> {
/// # let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
/// let mut reactor = Eventp::new()?;
/// reactor.on(interest().write().with_fd(stream), |mut d| d.reactor.delete(d.key))?;
/// reactor.run_once(None)?;
/// assert!(reactor.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Pinned<'a, Ep: EventpOps> {
    pub(crate) reactor: &'a mut Ep,
    by: Running,
}

// SAFETY: nothing implements `LeavesItsThread`, so these are no impls at all. They are here for their error, which otherwise names each field.
unsafe impl<'a, Ep: EventpOps> Send for Pinned<'a, Ep> where Pinned<'a, Ep>: sealed::LeavesItsThread {}
// SAFETY: as above.
unsafe impl<'a, Ep: EventpOps> Sync for Pinned<'a, Ep> where Pinned<'a, Ep>: sealed::LeavesItsThread {}

impl<'a, Ep: EventpOps> Pinned<'a, Ep> {
    /// Narrows a reactor that is not running, so that a function written for handlers can be called with it.
    pub fn new(reactor: &'a mut Ep) -> Self {
        Self { reactor, by: Running::NOBODY }
    }

    pub(crate) fn within(reactor: &'a mut Ep, by: Running) -> Self {
        Self { reactor, by }
    }

    /// The same view for a shorter time.
    pub fn reborrow(&mut self) -> Pinned<'_, Ep> {
        Pinned { reactor: self.reactor, by: self.by }
    }

    /// Adds a subscriber, as [`Eventp::add`](crate::Eventp::add). What is added during a batch fires from the next one on.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add).
    pub fn add<T: Subscriber<Ep>>(&mut self, subscriber: T) -> io::Result<Handle<T>> {
        self.try_add(subscriber).map_err(|(subscriber, error)| {
            // By hand: at the end of the closure, where its destructor panics, the error would be leaked (rust-lang/rust#47949).
            drop(subscriber);
            error
        })
    }

    /// Adds a subscriber, and gives it back if that fails, as [`Eventp::try_add`](crate::Eventp::try_add).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add), with the subscriber.
    pub fn try_add<T: Subscriber<Ep>>(
        &mut self,
        subscriber: T,
    ) -> Result<Handle<T>, (T, io::Error)> {
        self.reactor.op_add(subscriber)
    }

    /// Adds an fd with a handler, as [`Eventp::on`](crate::Eventp::on).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add).
    pub fn on<Fd, F, R, K>(&mut self, source: FdSource<Fd>, handler: F) -> io::Result<Key>
    where
        Fd: IsFd<K> + 'static,
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R + 'static,
        R: IntoFlow,
        K: 'static,
    {
        self.add(source.answered::<F, R, K>(handler)).map(Key::from)
    }

    /// Changes a subscriber's interest, as [`Eventp::modify`](crate::Eventp::modify). A handler may modify its own.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::modify`](crate::Eventp::modify).
    pub fn modify(&mut self, ports: impl Into<PortKey>, interest: Interest) -> io::Result<()> {
        self.reactor.op_modify(ports.into(), interest)
    }

    /// Watches fds of a subscriber that are not watched yet; all of them or, if one is refused, none.
    ///
    /// A handler arms its own by handing `self` over, which is asked for the fds it has now. The fds of another subscriber are armed by
    /// [`arm_other`](Pinned::arm_other).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::arm`](crate::Eventp::arm).
    pub fn arm<T: Ports + 'static>(
        &mut self,
        key: impl Into<Key>,
        subscriber: &T,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        self.reactor.op_arm(key.into(), subscriber, ports)
    }

    /// Watches fds of another subscriber, as [`arm`](Pinned::arm).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::arm`](crate::Eventp::arm), and `ResourceBusy` if it is the subscriber whose handler is running: that one is armed by
    /// [`arm`](Pinned::arm).
    pub fn arm_other<T: Ports + 'static>(
        &mut self,
        handle: Handle<T>,
        ports: PortSet<T::Struct>,
    ) -> io::Result<()> {
        self.reactor.op_arm_other(self.by, handle, ports)
    }

    /// Watches fds of a subscriber no longer, as [`Eventp::disarm`](crate::Eventp::disarm). A handler may disarm its own port. Events of this
    /// batch that have not been delivered are silenced.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::disarm`](crate::Eventp::disarm).
    pub fn disarm<T: 'static>(&mut self, key: impl Into<Key>, ports: PortSet<T>) -> io::Result<()> {
        self.reactor.op_disarm(key.into().port(ports))
    }

    /// Removes a subscriber.
    ///
    /// Another one's destructor runs at once, and its events of this batch are silenced. A handler that deletes its own
    /// subscriber runs on to its end; the destructor runs when it has returned, before the next event. Its fd is free from
    /// this call on: it can be added again in the same handler.
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown.
    ///
    /// # Panics
    ///
    /// If the destructor of the other subscriber does. It is removed all the same.
    pub fn delete(&mut self, key: impl Into<Key>) -> io::Result<()> {
        self.reactor.op_delete(self.by, key.into())
    }

    /// Has the run call return after the batch in hand.
    pub fn stop(&mut self) {
        self.reactor.op_stop();
    }

    /// Has a handler called on the next turn without an event of the kernel, as [`Eventp::trigger`](crate::Eventp::trigger). A handler may trigger
    /// its own.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::trigger`](crate::Eventp::trigger).
    pub fn trigger(&mut self, ports: impl Into<PortKey>, event: Event) -> io::Result<()> {
        self.reactor.op_trigger(ports.into(), event)
    }

    /// The interest now in force, as [`Eventp::interest`](crate::Eventp::interest).
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::interest`](crate::Eventp::interest).
    pub fn interest(&self, ports: impl Into<PortKey>) -> io::Result<Interest> {
        self.reactor.op_interest(ports.into())
    }

    /// Whether the key names a registered subscriber.
    #[must_use]
    pub fn contains(&self, key: impl Into<Key>) -> bool {
        self.reactor.op_contains(key.into())
    }

    /// The handle of a subscriber whose type is known: a handler gets its own from its [`Key`].
    ///
    /// # Errors
    ///
    /// `NotFound` if the key is stale or unknown, or its subscriber is no `T`.
    pub fn handle<T: 'static>(&self, key: impl Into<Key>) -> io::Result<Handle<T>> {
        self.reactor.op_handle(key.into())
    }

    /// Lends another subscriber.
    ///
    /// # Errors
    ///
    /// `NotFound` if the handle is stale or unknown, or made by another reactor; `ResourceBusy` if it is the subscriber whose
    /// handler is running, which has `&mut self` already.
    pub fn get_mut<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<&mut T> {
        self.reactor.op_get_mut(self.by, handle)
    }
}

impl<Ep: EventpOps> fmt::Debug for Pinned<'_, Ep> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned").finish_non_exhaustive()
    }
}

/// What one can register into: the reactor itself, or a [`Pinned`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reactor",
    label = "expected `&mut Eventp<S>` or `&mut Pinned<'_, _>`"
)]
pub trait AsPinned {
    /// The reactor behind it.
    type Ops: EventpOps;

    /// The narrow view of it.
    fn as_pinned(&mut self) -> Pinned<'_, Self::Ops>;
}

impl<Ep: EventpOps> AsPinned for Pinned<'_, Ep> {
    type Ops = Ep;

    fn as_pinned(&mut self) -> Pinned<'_, Ep> {
        self.reborrow()
    }
}
