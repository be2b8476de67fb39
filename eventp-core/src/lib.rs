//! The reactor of the `eventp` crate.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod builder;
mod dispatch;
mod engine;
mod entry;
mod error;
mod event;
mod fd_table;
mod flow;
mod header;
mod interest;
mod key;
mod limbo;
#[cfg(feature = "mock")]
mod mock;
mod nesting;
mod ops;
mod pinned;
mod ports;
mod reactor;
mod refusal;
mod registry;
mod remote;
mod shared;
mod sleep;
mod sources;
mod subscriber;
mod sync;
mod sys;
mod todo;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(feature = "vmm-sys-util")]
mod vmm;

pub use builder::{FdSource, FdSubscriber, HandlerSource};
pub use entry::{Entry, OwnedEntry, PortEntry};
pub use error::Error;
pub use event::{Event, event};
pub use flow::{Flow, IntoFlow};
pub use interest::{Exclusive, Interest, exclusive, interest};
pub use key::{Handle, Key, Port};
#[cfg(feature = "mock")]
pub use mock::{MockEntry, MockEventp, Operation};
pub use nesting::Readiness;
pub use ops::{AsPinned, EventpOps, Pinned};
pub use ports::{PortKey, PortSet};
pub use reactor::{Builder, Eventp};
pub use remote::{Remote, notifier::Notifier};
pub use sleep::Sleep;
pub use sources::{Child, Doorbell, Signal, Signals, Timer, doorbell};
pub use subscriber::{Dispatch, Handler, HasInterest, Register, Subscriber};

// Public under plain names, so that rustc's "the trait `..` is not implemented" does not spell a path that is none of the users' business.
#[doc(hidden)]
pub use __private::{
    Fds, HandlerParameter, IntoInterest, IsFd, LendsState, NamedPorts, PortOrEvent, PortOrFlag,
    Ports, RawFds, ReactorAlias, SameState,
};
#[doc(hidden)]
pub use builder::answer::AnswerOf;
#[doc(hidden)]
pub use ops::sealed::{LeavesItsThread, Stateless};
#[doc(hidden)]
pub use ports::One;
