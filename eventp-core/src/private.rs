//! What the code that `#[subscriber]` and `#[handler]` write calls: logic that is better tested here than quoted there.
//!
//! Not public API: it changes without notice.

use core::marker::PhantomData;
use core::ops::ControlFlow;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::event::Event;
use crate::flow::{Flow, IntoFlow};
use crate::interest::{Exclusive, Interest};
use crate::key::{Key, Port};
use crate::ops::{EventpOps, Pinned};
use crate::subscriber::{Dispatch, HasInterest};

pub use crate::ports::{Each, Fds, Field, NamedPorts, One, PortCall, Ports, RawFds};

/// The canonical return type of a handler.
pub type Outcome = io::Result<Flow>;

// What `#[on(..)]` names is written into expansions as a number.
const _: () = assert!(Event::READABLE == 0x1 && Event::WRITABLE == 0x4 && Event::PRIORITY == 0x2);
const _: () = assert!(Event::ERROR == 0x8 && Event::HANGUP == 0x10 && Event::READ_CLOSED == 0x2000);

/// A parameter that a handler takes by value.
#[diagnostic::on_unimplemented(
    message = "a handler cannot ask for `{Self}`",
    label = "not something that a handler can ask for",
    note = "a handler may ask for `Event`, `Interest`, `Key` or `Port` by value, for `&mut` the state, and for `Pinned<'_, impl EventpOps>`"
)]
pub trait HandlerParameter: Sized {
    /// Picks the parameter out of the context.
    fn inject<Fd: ?Sized, Ep: EventpOps>(dispatch: &Dispatch<'_, Fd, Ep>) -> Self;
}

#[diagnostic::do_not_recommend]
impl HandlerParameter for Event {
    #[inline]
    fn inject<Fd: ?Sized, Ep: EventpOps>(dispatch: &Dispatch<'_, Fd, Ep>) -> Self {
        dispatch.event
    }
}

#[diagnostic::do_not_recommend]
impl HandlerParameter for Interest {
    #[inline]
    fn inject<Fd: ?Sized, Ep: EventpOps>(dispatch: &Dispatch<'_, Fd, Ep>) -> Self {
        dispatch.interest
    }
}

#[diagnostic::do_not_recommend]
impl HandlerParameter for Key {
    #[inline]
    fn inject<Fd: ?Sized, Ep: EventpOps>(dispatch: &Dispatch<'_, Fd, Ep>) -> Self {
        dispatch.key
    }
}

#[diagnostic::do_not_recommend]
impl HandlerParameter for Port {
    #[inline]
    fn inject<Fd: ?Sized, Ep: EventpOps>(dispatch: &Dispatch<'_, Fd, Ep>) -> Self {
        dispatch.port
    }
}

/// An alias of `Pinned` with a reactor in it, such as `type View<'a> = Pinned<'a, Eventp<Server>>`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot ask for `{Self}`",
    label = "not something that a handler can ask for",
    note = "a handler may ask for `Event`, `Interest`, `Key` or `Port` by value, for `&mut` the state, and for `Pinned<'_, impl EventpOps>`"
)]
pub trait ReactorAlias {
    /// The reactor behind it.
    type Ops: EventpOps;
}

#[diagnostic::do_not_recommend]
impl<Ep: EventpOps> ReactorAlias for Pinned<'_, Ep> {
    type Ops = Ep;
}

/// A reactor that lends an `S`: what a handler that asks for `&mut S` can be registered into.
#[diagnostic::on_unimplemented(
    message = "the handler asks for the state `{S}`, but the reactor is `{Self}`",
    label = "asks for `&mut {S}`",
    note = "the reactor has to be an `Eventp<{S}>`, or in a handler a `Pinned<'_, impl EventpOps<State = {S}>>`"
)]
pub trait LendsState<S>: EventpOps<State = S> {}

#[diagnostic::do_not_recommend]
impl<S, Ep: EventpOps<State = S>> LendsState<S> for Ep {}

/// The state, for a handler that spells its type in another way than the first handler of the `impl`.
#[diagnostic::on_unimplemented(
    message = "the handlers of one `impl` ask for different states: `&mut {Self}` and `&mut {S}`",
    label = "an earlier handler asks for `&mut {Self}`",
    note = "a reactor lends one state; put both into one struct, or split the subscriber"
)]
pub trait SameState<S> {
    /// The same.
    fn same_state(&mut self) -> &mut S;
}

#[diagnostic::do_not_recommend]
impl<S> SameState<S> for S {
    #[inline]
    fn same_state(&mut self) -> &mut S {
        self
    }
}

/// Whether one of the events in `mask` is reported.
#[inline]
#[must_use]
pub fn reports(event: Event, mask: u32) -> bool {
    event.bits() & mask != 0
}

/// What a subscriber answers to an event that none of its handlers is for.
///
/// # Errors
///
/// None.
#[inline]
pub fn nothing_to_do() -> Outcome {
    Ok(Flow::Keep)
}

/// Turns what a handler returned into the canonical form.
///
/// # Errors
///
/// The handler's.
#[inline]
pub fn into_flow<R: IntoFlow>(returned: R) -> Outcome {
    returned.into_flow()
}

/// After one of several handlers that match an event: whether the next one runs, or with what the call ends.
#[inline]
pub fn next_handler<Ep: EventpOps>(
    outcome: Outcome,
    key: Key,
    reactor: &mut Pinned<'_, Ep>,
) -> ControlFlow<Outcome> {
    match outcome {
        Ok(Flow::Keep) => {}
        Ok(Flow::Stop) => reactor.stop(),
        Ok(Flow::Remove) | Err(_) => return ControlFlow::Break(outcome),
    }
    if reactor.contains(key) {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(Ok(Flow::Keep))
    }
}

/// A field marked `#[fd]`, of a struct that has no other; and what is given to `with_fd`. `Kind` says whose type it is, and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an fd",
    label = "expected a type that implements `AsFd`",
    note = "sockets, pipes, files and `OwnedFd` implement `AsFd`; a field with `#[fd]` has to be one of them"
)]
pub trait IsFd<Kind = One> {
    /// The fd.
    fn borrow_fd(&self) -> BorrowedFd<'_>;
}

#[diagnostic::do_not_recommend]
impl<T: AsFd + ?Sized> IsFd for T {
    #[inline]
    fn borrow_fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

/// A struct with several fds, where a word in `#[on(..)]` may be the name of one or stand for an event; it is in the type `Word`.
#[diagnostic::on_unimplemented(
    message = "unknown event `{Word}`; did you mean `{Meant}`?",
    label = "not an event",
    note = "fields with `#[fd]` can be named here where the struct has several"
)]
pub trait PortOrEvent<Word, Meant> {
    /// The same as [`Ports::FIELDS`].
    const FIELDS: &'static [Field];
}

#[diagnostic::do_not_recommend]
impl<T: NamedPorts, Word, Meant> PortOrEvent<Word, Meant> for T {
    const FIELDS: &'static [Field] = <T as NamedPorts>::FIELDS;
}

/// The same for a word that is a flag of an interest.
#[diagnostic::on_unimplemented(
    message = "unknown event `{Word}`; expected `readable`, `writable`, `priority`, `error`, `hangup` or `read_closed`",
    label = "not an event",
    note = "flags stand where the fd is declared, as in `interest = read | edge_triggered`",
    note = "fields with `#[fd]` can be named here where the struct has several"
)]
pub trait PortOrFlag<Word> {
    /// The same as [`Ports::FIELDS`].
    const FIELDS: &'static [Field];
}

#[diagnostic::do_not_recommend]
impl<T: NamedPorts, Word> PortOrFlag<Word> for T {
    const FIELDS: &'static [Field] = <T as NamedPorts>::FIELDS;
}

/// The number of the port with this name; fails to compile with this text if there is none. The error is where this is called.
#[must_use]
#[track_caller]
pub const fn port_number(fields: &[Field], name: &str, missing: &str) -> u8 {
    let mut field = 0;
    while field < fields.len() {
        if is_same(fields[field].name, name) {
            return field as u8;
        }
        field += 1;
    }
    // Beside a struct that is wrong stands one without fields.
    assert!(fields.is_empty(), "{}", missing);
    0
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The first interest of a struct with one fd, where `#[subscriber]` says it in words: then the compiler knows it too.
pub trait KnownInterest {
    /// The interest.
    const INTEREST: Interest;
}

#[diagnostic::do_not_recommend]
impl<T: KnownInterest> HasInterest for T {
    #[inline]
    fn interest(&self) -> Interest {
        T::INTEREST
    }
}

/// The interest of `interest = exclusive | ..`.
#[must_use]
pub const fn exclusive_interest(exclusive: Exclusive) -> Interest {
    exclusive.into_interest()
}

/// What a struct asks the kernel for, any of its fds counted, as far as `#[subscriber]` says it in words.
pub trait Asks {
    /// The flags, as in `epoll_ctl(2)`.
    const ASKS: u32;
}

impl<T: KnownInterest> Asks for T {
    const ASKS: u32 = T::INTEREST.bits();
}

/// What the compiler knows of a `T`. Of a type that [`Asks`] for nothing in words, it finds what [`Unknown`] says.
#[derive(Debug)]
pub struct Known<T>(PhantomData<T>);

impl<T: Asks> Known<T> {
    /// The flags.
    pub const ASKS: u32 = T::ASKS;
}

/// Nothing is known.
pub trait Unknown {
    /// No flags.
    const ASKS: u32 = 0;
}

impl<T> Unknown for Known<T> {}

/// Fails to compile if something is asked for that is not among the events which methods are for; the error is where this is called. Numbers
/// only: each handler is checked, and each reference costs the user's build more than the rest.
#[track_caller]
pub const fn assert_heard(asks: u32, events: u32) {
    let unheard = asks & !events;
    assert!(
        unheard & Event::READABLE == 0,
        "interest `read` has no handler; add `#[on(readable)]` to a method, or remove `read` from the interest"
    );
    assert!(
        unheard & Event::PRIORITY == 0,
        "interest `priority` has no handler; add `#[on(priority)]` to a method, or remove `priority` from the interest"
    );
    assert!(
        unheard & Event::WRITABLE == 0,
        "interest `write` has no handler; add `#[on(writable)]` to a method, or remove `write` from the interest"
    );
}

/// Fails to compile if a field has no handler, or none for an event that it asks for; the error is where this is called. The handlers are those of
/// some ports, each with its events, and those of all ports.
#[track_caller]
pub const fn assert_handled(fields: &[Field], of_ports: &[(u8, u32)], of_all: u32) {
    let mut field = 0;
    while field < fields.len() {
        let Field { unhandled, unheard, .. } = fields[field];
        let events = of_all | events_of(field, of_ports);
        assert!(events != 0, "{}", unhandled);
        let mut bit = 0;
        while bit < unheard.len() {
            assert!(unheard[bit].is_empty() || events >> bit & 1 == 1, "{}", unheard[bit]);
            bit += 1;
        }
        field += 1;
    }
}

const fn events_of(field: usize, of_ports: &[(u8, u32)]) -> u32 {
    let (mut events, mut at) = (0, 0);
    while at < of_ports.len() {
        if of_ports[at].0 as usize == field {
            events |= of_ports[at].1;
        }
        at += 1;
    }
    events
}

/// The interest of `interest = const EXPR`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interest",
    label = "expected `Interest` or `Exclusive`"
)]
pub trait IntoInterest {
    /// The interest.
    fn into_interest(self) -> Interest;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Interest>> IntoInterest for T {
    #[inline]
    fn into_interest(self) -> Interest {
        self.into()
    }
}
