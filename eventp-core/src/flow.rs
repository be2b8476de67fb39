//! What a handler may answer, and how its return type becomes that answer.

use std::io;

/// What a handler answers about itself and the loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use]
pub enum Flow {
    /// The subscriber stays.
    #[default]
    Keep,
    /// The subscriber is removed: its destructor runs when the handler has returned, before the next event.
    Remove,
    /// The run call returns after the batch in hand. The subscriber stays.
    Stop,
}

/// What a handler can return: `()`, [`Flow`], `io::Result<()>` or `io::Result<Flow>`.
///
/// An `Err` removes the subscriber and goes to the reactor's error hook, see
/// [`Eventp::on_error`](crate::Eventp::on_error).
///
/// There are exactly four concrete implementations and one for `!`. A generic one for `Result<T, E>` would leave the
/// error type of a closure that ends in `Ok(())` open.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "not a handler's return type",
    note = "a handler returns `()`, `Flow`, `io::Result<()>` or `io::Result<Flow>`"
)]
pub trait IntoFlow: sealed::Sealed {
    /// The same type. What is made with it of a wrong answer has no type at all, so that nothing is wrong with that.
    #[doc(hidden)]
    type Answer;
    #[doc(hidden)]
    fn into_flow(self) -> io::Result<Flow>;
}

mod sealed {
    pub trait Sealed: 'static {}
}

impl sealed::Sealed for () {}
#[diagnostic::do_not_recommend]
impl IntoFlow for () {
    type Answer = Self;
    #[inline]
    fn into_flow(self) -> io::Result<Flow> {
        Ok(Flow::Keep)
    }
}

impl sealed::Sealed for Flow {}
#[diagnostic::do_not_recommend]
impl IntoFlow for Flow {
    type Answer = Self;
    #[inline]
    fn into_flow(self) -> io::Result<Flow> {
        Ok(self)
    }
}

impl sealed::Sealed for io::Result<()> {}
#[diagnostic::do_not_recommend]
impl IntoFlow for io::Result<()> {
    type Answer = Self;
    #[inline]
    fn into_flow(self) -> io::Result<Flow> {
        self.map(|()| Flow::Keep)
    }
}

impl sealed::Sealed for io::Result<Flow> {}
#[diagnostic::do_not_recommend]
impl IntoFlow for io::Result<Flow> {
    type Answer = Self;
    #[inline]
    fn into_flow(self) -> io::Result<Flow> {
        self
    }
}

/// Names `!` on stable Rust: `<fn() -> ! as Returns>::Out`.
mod never {
    pub trait Returns {
        type Out;
    }
    impl<R> Returns for fn() -> R {
        type Out = R;
    }
    pub(crate) type Never = <fn() -> ! as Returns>::Out;
}

impl sealed::Sealed for never::Never {}
/// For handlers that never return, such as `|_| todo!()`.
#[diagnostic::do_not_recommend]
impl IntoFlow for never::Never {
    type Answer = Self;
    fn into_flow(self) -> io::Result<Flow> {
        self
    }
}
