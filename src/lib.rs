//! Facade.
#![forbid(unsafe_code)]
pub use eventp_core::*;
#[cfg(feature = "macros")]
pub use eventp_macros::{handler, subscriber};

#[doc(hidden)]
pub mod __private {
    pub use eventp_core::__private::*;
    #[cfg(feature = "macros")]
    pub use eventp_macros::__Subscriber;
}
