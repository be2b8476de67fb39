#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "macros", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "macros"),
    doc = "An event loop for Linux `epoll`, without the attributes of the feature `macros`."
)]

#[cfg(not(target_os = "linux"))]
compile_error!("eventp is built on `epoll` and runs on Linux only");

pub use eventp_core::*;
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
