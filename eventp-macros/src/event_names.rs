//! The names of the events, and what people write in their place.
//!
//! Both macros need them: `#[on(..)]` tells events and ports apart by their names, so a field must not have one that is taken for an
//! event.

use crate::diag::Words;

/// In the order of the bits of a set of events.
pub(crate) const NAMES: &[&str] =
    &["readable", "writable", "priority", "error", "hangup", "read_closed"];

pub(crate) const WORDS: Words = Words {
    words: NAMES,
    aliases: &[
        ("in", "readable"),
        ("read", "readable"),
        ("out", "writable"),
        ("write", "writable"),
        ("pri", "priority"),
        ("prio", "priority"),
        ("err", "error"),
        ("hup", "hangup"),
        ("hang_up", "hangup"),
        ("rdhup", "read_closed"),
        ("read_hangup", "read_closed"),
        ("closed", "read_closed"),
    ],
};

/// Other spellings of events that may well be the names of fields, such as the ends of a pipe.
const FIELD_LIKE: &[&str] = &["read", "write", "out", "err", "closed"];

/// The event that a word in `#[on(..)]` is taken for, be it spelled right or nearly so; `None` if it is a port.
pub(crate) fn taken_for(name: &str) -> Option<&'static str> {
    if FIELD_LIKE.contains(&name) { None } else { WORDS.closest(name) }
}
