//! The list in `#[on(..)]`: tokens to a set of events.
//!
//! In comes the attribute, out goes [`Events`]. What must stay true: a set names at least one event, and the order of the
//! bits is the order of [`NAMES`].

use core::ops::BitOrAssign;

use proc_macro2::{TokenStream, TokenTree};

use super::parse::OnSyntax;
use crate::diag::{Diag, Words};
use crate::tokens;

/// A set of events.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Events(u8);

const NAMES: &[&str] = &["readable", "writable", "priority", "error", "hangup", "read_closed"];

const WORDS: Words = Words {
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

impl Events {
    pub(crate) const ALL: Self = Self(0b11_1111);
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(2);
    /// What the kernel reports whether or not a handler cares, so that somebody has to.
    pub(crate) const UNASKED: [Self; 3] = [Self(1 << 3), Self(1 << 4), Self(1 << 5)];

    fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().position(|&known| known == name).map(|at| Self(1 << at))
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the events in the set.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, &name)| name)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Lowers one `#[on(..)]`.
pub(crate) fn lower(on: &OnSyntax, diag: &mut Diag) -> Option<Events> {
    let args: Vec<_> = on.args.clone().unwrap_or_default().into_iter().collect();
    if args.is_empty() {
        diag.error(&on.attribute, "missing event; write `#[on(readable)]`");
        return None;
    }
    let mut events = Events::default();
    let mut complete = true;
    let mut last = &args[0];
    for piece in args.split(|token| tokens::is_punct(Some(token), '|')) {
        match lower_event(piece, last, events, diag) {
            Some(event) => events |= event,
            None => complete = false,
        }
        last = piece.last().unwrap_or(last);
    }
    complete.then_some(events)
}

fn lower_event(
    piece: &[TokenTree],
    last: &TokenTree,
    before: Events,
    diag: &mut Diag,
) -> Option<Events> {
    let name = match piece {
        [TokenTree::Ident(name)] => name,
        [] => {
            diag.error(last, "expected an event on each side of `|`");
            return None;
        }
        piece => {
            let piece: TokenStream = piece.iter().cloned().collect();
            diag.error(piece, "expected events joined by `|`, as in `#[on(readable | hangup)]`");
            return None;
        }
    };
    let text = name.to_string();
    let Some(event) = Events::from_name(&text) else {
        diag.error(name, format!("unknown event `{text}`; {}", WORDS.remedy(&text)));
        return None;
    };
    if before.contains(event) {
        diag.error(name, format!("duplicate event `{text}`; remove one"));
        return None;
    }
    Some(event)
}
