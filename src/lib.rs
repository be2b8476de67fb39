#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "macros", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "macros"),
    doc = "An event loop for Linux `epoll`, without the attributes of the feature `macros`."
)]

#[cfg(not(target_os = "linux"))]
compile_error!("eventp is built on `epoll` and runs on Linux only");

// Everything, also what users see in errors only; and once more by name what they see in the documentation.
#[doc(hidden)]
pub use eventp_core::*;
#[doc(inline)]
pub use eventp_core::{
    AsPinned, Builder, Child, Dispatch, Doorbell, Entry, Error, Event, Eventp, EventpOps,
    Exclusive, FdSource, FdSubscriber, Flow, Handle, Handler, HandlerSource, HasInterest, Interest,
    IntoFlow, Key, Notifier, OwnedEntry, Pinned, Port, PortEntry, PortKey, PortSet, Readiness,
    Register, Remote, Signal, Signals, Sleep, Subscriber, Timer, doorbell, event, exclusive,
    interest, pinned,
};
#[cfg(feature = "mock")]
#[doc(inline)]
pub use eventp_core::{MockEntry, MockEventp, Operation};
#[cfg(feature = "macros")]
pub use eventp_macros::{handler, subscriber};

/// What the expansions of the macros use. Not public API: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use eventp_core::__private::*;
    #[cfg(feature = "macros")]
    pub use eventp_macros::__Subscriber;
}

/// The guide, whose programs are tests.
#[cfg(all(doctest, feature = "macros"))]
mod guide {
    macro_rules! chapters {
        ($($name:ident $file:literal)*) => {
            $(#[doc = include_str!(concat!("../docs/guide/", $file))] mod $name {})*
        };
    }

    chapters! {
        first_server "first-server.md"
        state "state.md"
        several_fds "several-fds.md"
        timers_and_signals "timers-and-signals.md"
        threads "threads.md"
        testing "testing.md"
        errors "errors.md"
        the_loop "the-loop.md"
        own_source "own-source.md"
    }
}
