//! The feature `tracing`: a span around each handler call.
//!
//! In comes what is known of a handler call that is about to be made; out goes a span to make it in. With the feature, and with nobody who wants spans
//! of this level, a handler is called as directly as without, after one test: `dispatch.rs` asks [`is_wanted`] first, and makes the span out of line.

use core::any::type_name;
use std::os::fd::RawFd;

use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing::{Level, Span, trace_span};

use crate::event::Event;
use crate::key::{Key, Port};
use crate::ports::Ports;

/// Whether somebody may want to know of handler calls.
#[inline(always)]
pub(crate) fn is_wanted() -> bool {
    Level::TRACE <= STATIC_MAX_LEVEL && Level::TRACE <= LevelFilter::current()
}

/// The span of a handler call.
pub(crate) fn span_of<T: Ports>(key: Key, fd: RawFd, port: Port, event: Event) -> Span {
    let field = T::FIELDS.get(usize::from(port.field)).filter(|_| !T::ONE);
    trace_span!(
        target: "eventp",
        "handle",
        subscriber = type_name::<T>(),
        key = %key,
        // What a notifier calls has none.
        fd = (fd >= 0).then_some(fd),
        field = field.map(|field| field.name),
        index = field.map(|_| port.index),
        event = ?event,
    )
}
