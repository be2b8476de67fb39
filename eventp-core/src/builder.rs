//! Subscribers made of an fd, an interest and a function, without a struct.
//!
//! `interest().with_fd(fd).with_handler(f)` and `interest().with_handler(f).with_fd(fd)` both make an [`FdSubscriber`], which is
//! an ordinary subscriber: the one [`Handler`] impl here serves every function and every closure.

use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::__private::{IsFd, One};
use crate::flow::{Flow, IntoFlow};
use crate::interest::Interest;
use crate::key::Key;
use crate::ops::{AsPinned, EventpOps};
use crate::subscriber::{Dispatch, Handler, HasInterest, Subscriber};

use answer::AnswerOf;

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

    pub(crate) fn answered<F, R, K>(self, handler: F) -> FdSubscriber<Fd, F, R, K> {
        FdSubscriber { interest: self.interest, fd: self.fd, handler, types: PhantomData }
    }

    /// Completes the subscriber.
    ///
    /// A closure that looks into the state should rather be given to [`Eventp::on`](crate::Eventp::on): in this chain the
    /// reactor, and with it the type of the state, comes last.
    pub fn with_handler<F, R, Ep, K>(self, handler: F) -> FdSubscriber<Fd, F, R::Answer, K>
    where
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
        R: IntoFlow,
        Ep: EventpOps,
    {
        self.answered(handler)
    }
}

/// An interest and a handler, made by [`Interest::with_handler`]; it lacks an fd.
#[must_use = "nothing is registered yet; go on with `.with_fd(fd)`"]
#[derive(Clone)]
pub struct HandlerSource<F, R> {
    interest: Interest,
    handler: F,
    answers: PhantomData<fn() -> R>,
}

impl<F, R> HandlerSource<F, R> {
    pub(crate) fn new(interest: Interest, handler: F) -> Self {
        Self { interest, handler, answers: PhantomData }
    }

    /// Completes the subscriber.
    pub fn with_fd<Fd, K>(self, fd: Fd) -> FdSubscriber<Fd, F, R, K> {
        FdSubscriber { interest: self.interest, fd, handler: self.handler, types: PhantomData }
    }
}

impl<F, R> fmt::Debug for HandlerSource<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerSource").field("interest", &self.interest).finish_non_exhaustive()
    }
}

/// A subscriber made of an fd and a function, which answers an `R`. `K` is the kind of fd, and inferred.
#[must_use = "nothing is registered yet; go on with `.register_into(&mut reactor)`"]
pub struct FdSubscriber<Fd, F, R, K = One> {
    interest: Interest,
    fd: Fd,
    handler: F,
    types: PhantomData<fn() -> (R, K)>,
}

impl<Fd, F, R, K> FdSubscriber<Fd, F, R, K> {
    /// Adds the subscriber to a reactor, from outside or, by its [`Pinned`](crate::Pinned), from a handler.
    ///
    /// # Errors
    ///
    /// Those of [`Eventp::add`](crate::Eventp::add).
    pub fn register_into<A, Ep>(self, reactor: &mut A) -> io::Result<Key>
    where
        A: AsPinned<Ops = Ep>,
        Ep: EventpOps,
        Self: Subscriber<Ep>,
    {
        reactor.as_pinned().add(self).map(Key::from)
    }
}

impl<Fd, F, R, K> fmt::Debug for FdSubscriber<Fd, F, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FdSubscriber").field("interest", &self.interest).finish_non_exhaustive()
    }
}

impl<Fd: IsFd<K>, F, R, K> AsFd for FdSubscriber<Fd, F, R, K> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.borrow_fd()
    }
}

impl<Fd, F, R, K> HasInterest for FdSubscriber<Fd, F, R, K> {
    fn interest(&self) -> Interest {
        self.interest
    }
}

#[diagnostic::do_not_recommend]
impl<Fd, F, R, K, Ep> Handler<Ep> for FdSubscriber<Fd, F, R, K>
where
    Fd: IsFd<K>,
    R: AnswerOf<F, Fd, Ep>,
    Ep: EventpOps,
{
    #[inline]
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let Dispatch { fd: this, event, interest, key, port, state, reactor } = dispatch;
        let FdSubscriber { fd, handler, .. } = this;
        R::ask(handler, Dispatch { fd, event, interest, key, port, state, reactor })
    }
}

pub(crate) mod answer {
    use super::{Dispatch, EventpOps, Flow, IntoFlow, io};

    /// What `F` answers. If `F` was a mistake, nobody knows that, and so the compiler does not report the mistake again when the
    /// subscriber is registered, as it would for a bound on `F`.
    pub trait AnswerOf<F, Fd, Ep: EventpOps> {
        /// Calls it.
        ///
        /// # Errors
        ///
        /// The handler's.
        fn ask(handler: &mut F, dispatch: Dispatch<'_, Fd, Ep>) -> io::Result<Flow>;
    }

    #[diagnostic::do_not_recommend]
    impl<F, Fd, R, Ep> AnswerOf<F, Fd, Ep> for R
    where
        F: FnMut(Dispatch<'_, Fd, Ep>) -> R,
        R: IntoFlow,
        Ep: EventpOps,
    {
        #[inline]
        fn ask(handler: &mut F, dispatch: Dispatch<'_, Fd, Ep>) -> io::Result<Flow> {
            handler(dispatch).into_flow()
        }
    }
}
