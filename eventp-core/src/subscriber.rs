//! The traits of a subscriber, and [`Dispatch`], the context of every handler call.
//!
//! In comes a user's value, out goes what the reactor needs of it: its fd ([`AsFd`](std::os::fd::AsFd)), its first interest ([`HasInterest`]) and
//! what to do with an event ([`Handler`]). None of these is trusted for memory safety (I4): the reactor asks for fd and
//! interest once, when the value is registered (I3), and keeps the answers in the header.

use core::fmt;
use std::io;

use crate::event::Event;
use crate::flow::Flow;
use crate::interest::Interest;
use crate::key::{Handle, Key, Port};
use crate::ops::{AsPinned, EventpOps, Pinned};
use crate::ports::Ports;

/// The interest that a subscriber is registered with.
///
/// Asked once, at registration. From then on the interest in force lives in the reactor; change it by
/// [`modify`](crate::Eventp::modify).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no interest",
    label = "not a subscriber",
    note = "write `#[subscriber(interest = ..)]` on the struct, or implement `HasInterest`"
)]
pub trait HasInterest {
    /// The first interest.
    fn interest(&self) -> Interest;
}

/// What a subscriber does with an event.
///
/// `Ep` is the reactor that it is registered into; a handler that needs the state says so in the bound.
///
/// ```
/// use std::io;
/// use std::os::fd::{AsFd, BorrowedFd};
/// use std::os::unix::net::UnixDatagram;
/// # use eventp_core as eventp;
/// use eventp::{interest, Dispatch, Eventp, EventpOps, Flow, Handler, HasInterest, Interest};
///
/// struct Counter { datagrams: u64 }
///
/// struct Inbox { socket: UnixDatagram }
///
/// impl AsFd for Inbox {
///     fn as_fd(&self) -> BorrowedFd<'_> { self.socket.as_fd() }
/// }
///
/// impl HasInterest for Inbox {
///     fn interest(&self) -> Interest { interest().read() }
/// }
///
/// impl<Ep: EventpOps<State = Counter>> Handler<Ep> for Inbox {
///     fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
///         dispatch.fd.socket.recv(&mut [0; 64])?;
///         dispatch.state.datagrams += 1;
///         Ok(Flow::Stop)
///     }
/// }
///
/// # fn main() -> io::Result<()> {
/// let (ours, theirs) = UnixDatagram::pair()?;
/// let mut counter = Counter { datagrams: 0 };
/// let mut reactor = Eventp::<Counter>::new()?;
/// reactor.add(Inbox { socket: ours })?;
/// theirs.send(b"hello")?;
/// reactor.run_with(&mut counter)?;
/// assert_eq!(counter.datagrams, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no handler for this reactor",
    label = "its handler is missing",
    note = "write `#[handler]` on an `impl` of the type and mark a method with `#[on(readable)]`, or implement `Handler`"
)]
pub trait Handler<Ep: EventpOps>: Ports {
    /// Called with each event; `dispatch.fd` is the subscriber itself.
    ///
    /// # Errors
    ///
    /// An error removes the subscriber, and goes to [`Eventp::on_error`](crate::Eventp::on_error).
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow>;
}

/// What can be registered into the reactor `Ep`: it has fds, their interests and a handler, and borrows nothing.
///
/// Implemented for everything that has these; `#[subscriber]` and `#[handler]` write them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a subscriber of this reactor",
    label = "cannot be registered",
    note = "a subscriber has `#[subscriber]` on its struct and `#[handler]` on an `impl`, or is made by `with_fd` and `with_handler`",
    note = "if its handler asks for `&mut S`, the reactor is an `Eventp<S>`, or in a handler a `Pinned<'_, impl EventpOps<State = S>>`"
)]
pub trait Subscriber<Ep: EventpOps>: Handler<Ep> + 'static {}

// Of a type that has neither fds nor a handler only the one is said: the other is a supertrait.
impl<Ep: EventpOps, T: Handler<Ep> + 'static> Subscriber<Ep> for T {}

/// The one context of every handler call: what a closure gets, and what `#[handler]` takes its parameters from.
///
/// For a subscriber with an fd and a function, `fd` is the registered fd. For a struct, it is the struct.
///
/// ```
/// use std::io::{self, Read};
/// use std::os::unix::net::UnixStream;
/// # use eventp_core as eventp;
/// use eventp::{interest, Dispatch, Eventp};
///
/// # fn main() -> io::Result<()> {
/// # let (stream, peer) = UnixStream::pair()?;
/// # drop(peer);
/// let mut reactor = Eventp::new()?;
/// reactor.on(interest().read().with_fd(stream), |Dispatch { fd, key, mut reactor, .. }| {
///     match fd.read(&mut [0; 512])? {
///         0 => reactor.delete(key),
///         _ => Ok(()),
///     }
/// })?;
/// reactor.run_once(None)?;
/// assert!(reactor.is_empty());
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub struct Dispatch<'a, Fd: ?Sized, Ep: EventpOps> {
    /// The registered fd, or the subscriber struct.
    pub fd: &'a mut Fd,
    /// What the kernel reported.
    pub event: Event,
    /// The interest in force when the event was delivered.
    pub interest: Interest,
    /// The name of this subscriber.
    pub key: Key,
    /// Which of the subscriber's fds the event is of.
    pub port: Port,
    /// The state that the run call was lent.
    pub state: &'a mut Ep::State,
    /// The narrow view of the reactor.
    pub reactor: Pinned<'a, Ep>,
}

impl<'a, Fd: ?Sized, Ep: EventpOps> Dispatch<'a, Fd, Ep> {
    /// The same call, made on `part`: for a subscriber that passes the event on to something it owns.
    pub fn map<'b, Part: ?Sized>(
        self,
        part: impl FnOnce(&'a mut Fd) -> &'b mut Part,
    ) -> Dispatch<'b, Part, Ep>
    where
        'a: 'b,
    {
        let Dispatch { fd, event, interest, key, port, state, reactor } = self;
        Dispatch { fd: part(fd), event, interest, key, port, state, reactor }
    }

    /// The same call for a shorter time, to be made again afterwards.
    pub fn reborrow(&mut self) -> Dispatch<'_, Fd, Ep> {
        let Dispatch { fd, event, interest, key, port, state, reactor } = self;
        Dispatch {
            fd,
            event: *event,
            interest: *interest,
            key: *key,
            port: *port,
            state,
            reactor: reactor.reborrow(),
        }
    }
}

impl<Fd: ?Sized, Ep: EventpOps> fmt::Debug for Dispatch<'_, Fd, Ep> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("event", &self.event)
            .field("interest", &self.interest)
            .field("key", &self.key)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// `subscriber.register_into(&mut reactor)`, for every type.
///
/// The method exists on everything, so that registering what is no subscriber is reported as just that.
pub trait Register: Sized {
    /// Adds `self` to a reactor, from outside or, by its [`Pinned`], from a handler.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add).
    fn register_into<R, Ep>(self, reactor: &mut R) -> io::Result<Handle<Self>>
    where
        R: AsPinned<Ops = Ep>,
        Ep: EventpOps,
        Self: Subscriber<Ep>,
    {
        reactor.as_pinned().add(self)
    }
}

impl<T> Register for T {}
