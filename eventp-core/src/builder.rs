//! Subscribers made of an fd, an interest and a function, without a struct.
//!
//! `interest().with_fd(fd).with_handler(f)` and `interest().with_handler(f).with_fd(fd)` both make an [`FdSubscriber`], which is
//! an ordinary subscriber: the one [`Handler`] impl here serves every function and every closure.

use core::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::__private::FdField;
use crate::flow::{Flow, IntoFlow};
use crate::interest::Interest;
use crate::key::Key;
use crate::ops::{AsPinned, EventpOps};
use crate::subscriber::{Dispatch, Handler, HasInterest, Subscriber};

/// An fd and the interest in it, made by [`Interest::with_fd`]; it lacks a handler.
///
/// Give it to [`Eventp::on`](crate::Eventp::on) or [`Pinned::on`](crate::Pinned::on) together with the handler.
#[must_use = "nothing is registered yet; give it to `reactor.on(source, handler)`"]
#[derive(Clone, Debug)]
pub struct FdSource<Fd> {
    interest: Interest,
    fd: Fd,
}

impl<Fd> FdSource<Fd> {
    pub(crate) fn new(interest: Interest, fd: Fd) -> Self {
        Self { interest, fd }
    }

    /// Completes the subscriber.
    ///
    /// A closure that looks into the state should rather be given to [`Eventp::on`](crate::Eventp::on): in this chain the
    /// reactor, and with it the type of the state, comes last.
    pub fn with_handler<F, R, Ep>(self, handler: F) -> FdSubscriber<Fd, F>
    where
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
        R: IntoFlow,
        Ep: EventpOps,
    {
        FdSubscriber { interest: self.interest, fd: self.fd, handler }
    }
}

/// An interest and a handler, made by [`Interest::with_handler`]; it lacks an fd.
#[must_use = "nothing is registered yet; go on with `.with_fd(fd)`"]
#[derive(Clone)]
pub struct HandlerSource<F> {
    interest: Interest,
    handler: F,
}

impl<F> HandlerSource<F> {
    pub(crate) fn new(interest: Interest, handler: F) -> Self {
        Self { interest, handler }
    }

    /// Completes the subscriber.
    pub fn with_fd<Fd>(self, fd: Fd) -> FdSubscriber<Fd, F> {
        FdSubscriber { interest: self.interest, fd, handler: self.handler }
    }
}

impl<F> fmt::Debug for HandlerSource<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerSource").field("interest", &self.interest).finish_non_exhaustive()
    }
}

/// A subscriber made of an fd and a function.
#[must_use = "nothing is registered yet; go on with `.register_into(&mut reactor)`"]
pub struct FdSubscriber<Fd, F> {
    interest: Interest,
    fd: Fd,
    handler: F,
}

impl<Fd, F> FdSubscriber<Fd, F> {
    /// Adds the subscriber to a reactor, from outside or, by its [`Pinned`](crate::Pinned), from a handler.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add).
    pub fn register_into<R: AsPinned>(self, reactor: &mut R) -> io::Result<Key>
    where
        Self: Subscriber<R::Ops>,
    {
        reactor.as_pinned().add(self).map(Key::from)
    }
}

impl<Fd, F> fmt::Debug for FdSubscriber<Fd, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FdSubscriber").field("interest", &self.interest).finish_non_exhaustive()
    }
}

impl<Fd: FdField, F> AsFd for FdSubscriber<Fd, F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.borrow_fd()
    }
}

impl<Fd, F> HasInterest for FdSubscriber<Fd, F> {
    fn interest(&self) -> Interest {
        self.interest
    }
}

#[diagnostic::do_not_recommend]
impl<Fd, F, R, Ep> Handler<Ep> for FdSubscriber<Fd, F>
where
    F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
    R: IntoFlow,
    Ep: EventpOps,
{
    #[inline]
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let Dispatch { fd: this, event, interest, key, port, state, reactor } = dispatch;
        let FdSubscriber { fd, handler, .. } = this;
        handler(Dispatch { fd, event, interest, key, port, state, reactor }).into_flow()
    }
}
