//! What stands in `#[on(..)]`: tokens to ports and events.
//!
//! In comes the attribute, out goes an [`On`]. Which ports there are, only `#[subscriber]` knows: here, a word that is no event and does
//! not look like one is a port, and rustc says if there is none of that name. What must stay true: a set names at least one event.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;

use super::events::Events;
use super::parse::OnSyntax;
use crate::diag::Diag;
use crate::event_names::{self, WORDS};
use crate::spell::spell;
use crate::tokens;

/// Ports, and events of these.
#[derive(Clone)]
pub(crate) struct On {
    /// Empty for every port.
    pub(crate) ports: Vec<Ident>,
    pub(crate) events: Events,
    /// Whether the list stands alone, so that its words may have been meant for events.
    pub(crate) is_alone: bool,
}

impl On {
    /// Everything, for a plain `handle`.
    pub(crate) const ALL: Self = Self { ports: Vec::new(), events: Events::ALL, is_alone: true };

    pub(crate) fn names(&self, port: &Ident) -> bool {
        self.ports.is_empty() || self.ports.contains(port)
    }
}

/// Words joined by `|`.
type List<'a> = Vec<&'a Ident>;

/// Lowers one `#[on(..)]`.
pub(crate) fn lower(on: &OnSyntax, diag: &mut Diag) -> Option<On> {
    let args: Vec<_> = on.args.clone().unwrap_or_default().into_iter().collect();
    if args.is_empty() {
        diag.error(&on.attribute, "missing event; write `#[on(readable)]`");
        return None;
    }
    let mut parts: Vec<_> = args.split(|token| tokens::is_punct(Some(token), ',')).collect();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    match parts.as_slice() {
        [list] => lower_one_list(&parse_list(list, &args[0], "an event", diag)?, diag),
        [ports, events] => lower_two_lists(&args[0], ports, events, diag),
        [_, _, third, ..] => {
            let third = third.first().unwrap_or(&args[0]);
            diag.error(
                third,
                "expected ports and events, as in `#[on(tap, readable)]`; several of either are joined by `|`",
            );
            None
        }
        [] => {
            diag.error(&args[0], "missing event; write `#[on(readable)]`");
            None
        }
    }
}

/// Events of every port, or ports with all their events.
fn lower_one_list(list: &List<'_>, diag: &mut Diag) -> Option<On> {
    let taken = |word: &&Ident| event_names::taken_for(&word.to_string()).is_some();
    let among_events = list.iter().any(taken);
    // What can be either is what its company is.
    let is_event =
        |word: &&Ident| taken(word) || among_events && WORDS.closest(&word.to_string()).is_some();
    let (events, ports): (List<'_>, List<'_>) = list.iter().copied().partition(is_event);
    if ports.is_empty() {
        let events = lower_events(&events, diag)?;
        return Some(On { ports: Vec::new(), events, is_alone: true });
    }
    if !events.is_empty() {
        // Each list on its own is looked at as well: the mistake may be in a word.
        let known = lower_events(&events, diag).is_some();
        if known {
            let (port, event) = (ports[0], events[0]);
            let stray = if list[0] == event { port } else { event };
            diag.error(
                stray,
                format!("`{event}` is an event and `{port}` is none; ports and their events are separated by a comma, as in `#[on({port}, {event})]`"),
            );
        }
        return None;
    }
    Some(On { ports: lower_ports(&ports, diag)?, events: Events::ALL, is_alone: true })
}

/// Ports, and some of their events.
fn lower_two_lists(
    start: &TokenTree,
    ports: &[TokenTree],
    events: &[TokenTree],
    diag: &mut Diag,
) -> Option<On> {
    let last = ports.last().unwrap_or(start);
    let (ports, events) =
        (parse_list(ports, start, "a port", diag), parse_list(events, last, "an event", diag));
    let (ports, events) = (ports?, events?);
    if Events::from_name(&ports[0].to_string()).is_some() {
        let (event, other) = (ports[0], events[0]);
        let both = [event, other].iter().all(|it| Events::from_name(&it.to_string()).is_some());
        let remedy = if both {
            format!("join the events by `|`, as in `#[on({event} | {other})]`")
        } else {
            format!("ports come first, as in `#[on({other}, {event})]`")
        };
        diag.error(event, format!("expected a port, found the event `{event}`; {remedy}"));
        return None;
    }
    let (ports, events) = (lower_ports(&ports, diag), lower_events(&events, diag));
    Some(On { ports: ports?, events: events?, is_alone: false })
}

/// The words between the `|`s; at least one. `what` they are to be.
fn parse_list<'a>(
    list: &'a [TokenTree],
    start: &TokenTree,
    what: &str,
    diag: &mut Diag,
) -> Option<List<'a>> {
    let mut words = Vec::new();
    let mut complete = true;
    let mut last = start;
    for piece in list.split(|token| tokens::is_punct(Some(token), '|')) {
        match piece {
            [TokenTree::Ident(word)] => words.push(word),
            [] => {
                complete = false;
                let separator = if list.is_empty() { "`,`" } else { "`|`" };
                diag.error(last, format!("expected {what} on each side of {separator}"));
            }
            piece => {
                complete = false;
                let piece: TokenStream = piece.iter().cloned().collect();
                diag.error(
                    piece,
                    "expected events joined by `|`, as in `#[on(readable | hangup)]`",
                );
            }
        }
        last = piece.last().unwrap_or(last);
    }
    complete.then_some(words)
}

fn lower_events(list: &List<'_>, diag: &mut Diag) -> Option<Events> {
    let mut events = Events::default();
    let mut complete = true;
    for &word in list {
        let text = word.to_string();
        match Events::from_name(&text) {
            Some(event) if events.contains(event) => {
                complete = false;
                diag.error(word, format!("duplicate event `{text}`; remove one"));
            }
            Some(event) => events |= event,
            None => {
                complete = false;
                diag.error(word, format!("unknown event `{text}`; {}", WORDS.remedy(&text)));
            }
        }
    }
    complete.then_some(events)
}

fn lower_ports(list: &List<'_>, diag: &mut Diag) -> Option<Vec<Ident>> {
    let mut ports: Vec<Ident> = Vec::new();
    let mut complete = true;
    for &word in list {
        let Some(port) = as_field_name(word) else {
            complete = false;
            diag.error(
                word,
                format!("expected a port, found `{}`; name a field with `#[fd]`", spell(word)),
            );
            continue;
        };
        if Events::from_name(&port.to_string()).is_some() {
            complete = false;
            diag.error(word, format!("expected a port, found the event `{port}`; events stand after the comma, as in `#[on(tap, {port})]`"));
        } else if ports.contains(&port) {
            complete = false;
            diag.error(word, format!("duplicate port `{port}`; remove one"));
        } else {
            ports.push(port);
        }
    }
    complete.then_some(ports)
}

/// The word as it can be a field's name: keywords as raw identifiers, and other raw identifiers without their mark.
fn as_field_name(word: &Ident) -> Option<Ident> {
    let plain = word.unraw();
    if syn::parse2::<Ident>(plain.to_token_stream()).is_ok() {
        return Some(plain);
    }
    let text = plain.to_string();
    let is_reserved = ["self", "Self", "super", "crate", "_"].contains(&text.as_str());
    (!is_reserved).then(|| Ident::new_raw(&text, word.span()))
}
