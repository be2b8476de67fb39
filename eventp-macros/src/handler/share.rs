//! Which method is called on which events of which port.
//!
//! In comes what each method is marked with, out goes what it is called on. What must stay true: of each port that has a handler at all,
//! each event that the kernel reports unasked has one.

use syn::Ident;

use super::events::Events;
use super::on::On;

/// What a method is called on.
pub(crate) struct When<'a> {
    /// Ports, with their events.
    pub(crate) ports: Vec<(Vec<&'a Ident>, Events)>,
    /// The events of all other ports; `None` if it is not called on these.
    pub(crate) others: Option<Events>,
}

impl When<'_> {
    /// Everything.
    pub(crate) fn is_always(&self) -> bool {
        self.ports.is_empty() && self.others == Some(Events::ALL)
    }
}

/// What each method is called on.
pub(crate) fn share<'a>(on: &[&'a On]) -> Vec<When<'a>> {
    let others = distribute(on, |on| on.ports.is_empty());
    let mut whens: Vec<_> =
        others.into_iter().map(|others| When { ports: Vec::new(), others }).collect();
    for port in named(on) {
        let events = distribute(on, |on| on.names(port));
        for (when, events) in whens.iter_mut().zip(events) {
            if events == when.others {
                continue;
            }
            let Some(events) = events else { continue };
            match when.ports.iter_mut().find(|(_, known)| *known == events) {
                Some((ports, _)) => ports.push(port),
                None => when.ports.push((vec![port], events)),
            }
        }
    }
    whens
}

/// The ports that methods name.
pub(crate) fn named<'a>(on: &[&'a On]) -> Vec<&'a Ident> {
    let mut named: Vec<&Ident> = Vec::new();
    for port in on.iter().flat_map(|on| &on.ports) {
        if !named.contains(&port) {
            named.push(port);
        }
    }
    named
}

/// The events that the methods which are `concerned` name.
pub(crate) fn handled(on: &[&On], concerned: impl Fn(&On) -> bool) -> Events {
    let concerned = on.iter().filter(|on| concerned(on));
    concerned.fold(Events::default(), |mut all, on| {
        all |= on.events;
        all
    })
}

/// Gives the events that the kernel reports unasked, and no method names, to those who read, or else write, or else come first; among
/// the methods that are `concerned`.
fn distribute(on: &[&On], concerned: impl Fn(&On) -> bool) -> Vec<Option<Events>> {
    let mut events: Vec<_> = on.iter().map(|on| concerned(on).then_some(on.events)).collect();
    let has = |events: &Option<Events>, event| events.is_some_and(|it| it.contains(event));
    let named = |event| events.iter().any(|events| has(events, event));
    let first = events.iter().position(Option::is_some);
    let heirs: Vec<_> =
        [Events::READABLE, Events::WRITABLE].into_iter().find(|&event| named(event)).map_or_else(
            || first.into_iter().collect(),
            |event| (0..events.len()).filter(|&at| has(&events[at], event)).collect(),
        );
    for event in Events::UNASKED {
        if !events.iter().any(|events| has(events, event)) {
            for &at in &heirs {
                if let Some(events) = &mut events[at] {
                    *events |= event;
                }
            }
        }
    }
    events
}
