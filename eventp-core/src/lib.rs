//! The reactor of the `eventp` crate.

mod builder;
mod event;
mod flow;
mod header;
mod interest;
mod key;
mod ops;
mod reactor;
mod subscriber;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use builder::{FdSource, FdSubscriber, HandlerSource};
pub use event::Event;
pub use flow::{Flow, IntoFlow};
pub use interest::{Exclusive, Interest, exclusive, interest};
pub use key::{Handle, Key, Port};
pub use ops::{AsPinned, EventpOps, Pinned};
pub use reactor::Eventp;
pub use subscriber::{Dispatch, Handler, HasInterest, Register, Subscriber};
