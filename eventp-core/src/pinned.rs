//! The macro [`pinned!`](crate::pinned).

/// The [`Pinned`](crate::Pinned) of a reactor that is not running, to call a function that was written for handlers.
///
/// `pinned!(reactor)` takes an [`Eventp`](crate::Eventp), a test reactor, a `&mut` of either, or a `Pinned`, and borrows it for as long as the call.
///
/// ```
/// use std::io;
/// # use eventp_core as eventp;
/// use eventp::{pinned, Eventp, EventpOps, Pinned};
///
/// fn shut_down(mut reactor: Pinned<'_, impl EventpOps>) {
///     reactor.stop();
/// }
///
/// fn shut_down_later(reactor: &mut Eventp) {
///     shut_down(pinned!(reactor));
/// }
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::new()?;
/// shut_down(pinned!(reactor));
/// assert!(reactor.is_stopping());
/// shut_down_later(&mut reactor);
/// reactor.run()
/// # }
/// ```
#[macro_export]
macro_rules! pinned {
    ($reactor:expr $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::AsPinned as _;
        $reactor.as_pinned()
    }};
}
