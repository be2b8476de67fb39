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

/// Flags of an interest that no event is named like.
const FLAGS: &[&str] =
    &["edge_triggered", "oneshot", "exclusive", "wakeup", "doorbell", "none", "et", "one_shot"];

/// What a word in `#[on(..)]` that is a port may have been meant for: only the compiler knows whether there is such a port.
#[derive(Clone, Copy)]
pub(crate) enum Meant {
    Event(&'static str),
    /// No event of its own.
    Flag,
}

impl Meant {
    /// What to say after the word, if it is no port.
    pub(crate) fn remedy(self) -> String {
        match self {
            Self::Event(event) => WORDS.remedy(event),
            Self::Flag => WORDS.remedy(""),
        }
    }
}

/// That, if the word looks like it.
pub(crate) fn meant_by(name: &str) -> Option<Meant> {
    if FLAGS.contains(&name) {
        return Some(Meant::Flag);
    }
    // Half of an event, or another form of it: `rea`, `reading`.
    let is_form = |event: &&&str| event.starts_with(name) || name.starts_with(&event[..4]);
    let form = NAMES.iter().find(is_form).filter(|_| name.len() > 2 && !name.contains('_'));
    WORDS.closest(name).or(form.copied()).map(Meant::Event)
}

/// The event that a word in `#[on(..)]` is taken for, be it spelled right or nearly so; `None` if it is a port.
pub(crate) fn taken_for(name: &str) -> Option<&'static str> {
    if FIELD_LIKE.contains(&name) { None } else { WORDS.closest(name) }
}
