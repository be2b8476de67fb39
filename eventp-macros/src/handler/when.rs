//! What a method is called on, as tokens.
//!
//! In comes a [`When`], out goes a condition over the context `__d`. It is a plain chain of comparisons: the reactor has one function for
//! each field, in which the compiler knows the field's number. What must stay true: nothing here is found wrong; what can be, `check.rs` has said.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::ext::IdentExt as _;

use super::events::Events;
use super::share::When;
use crate::paths::{Root, generated};

/// The condition, unless it always holds.
pub(super) fn emit_condition(root: &Root, this: &Type, when: &When<'_>) -> Option<TokenStream> {
    if when.is_always() {
        return None;
    }
    let span = generated();
    let pieces = when.ports.iter();
    Some(match when.others {
        Some(others) => {
            let masks = pieces.map(|(ports, events)| {
                let (is_one_of, mask) = (emit_is_one_of(root, this, ports), emit_mask(*events));
                quote_spanned!(span=> if #is_one_of { #mask } else)
            });
            let (reports, others) = (root.reports(span), emit_mask(others));
            if when.ports.is_empty() {
                quote_spanned!(span=> #reports(__d.event, #others))
            } else {
                quote_spanned!(span=> #reports(__d.event, #(#masks)* { #others }))
            }
        }
        None => {
            let alternatives = pieces.map(|(ports, events)| emit_ports(root, this, ports, *events));
            quote_spanned!(span=> #(#alternatives)||*)
        }
    })
}

/// Whether it is an event of one of these ports.
fn emit_ports(root: &Root, this: &Type, ports: &[&Ident], events: Events) -> TokenStream {
    let span = generated();
    let is_one_of = emit_is_one_of(root, this, ports);
    if events == Events::ALL {
        return is_one_of;
    }
    let (reports, mask) = (root.reports(span), emit_mask(events));
    if ports.len() > 1 {
        quote_spanned!(span=> (#is_one_of) && #reports(__d.event, #mask))
    } else {
        quote_spanned!(span=> #is_one_of && #reports(__d.event, #mask))
    }
}

fn emit_is_one_of(root: &Root, this: &Type, ports: &[&Ident]) -> TokenStream {
    let numbers = ports.iter().map(|port| emit_number(root, this, port));
    quote_spanned!(generated()=> #(__d.port.field() == #numbers)||*)
}

/// The number of the field with this name. That there is one, [`emit_check`](super::check::emit_check) has checked.
fn emit_number(root: &Root, this: &Type, port: &Ident) -> TokenStream {
    let (span, name) = (generated(), port.unraw().to_string());
    let (number, ports) = (root.port_number(span), root.ports(span));
    quote_spanned!(span=> const { #number(<#this as #ports>::FIELDS, #name, "") })
}

/// A number rather than names: each path costs the user's build as much as a call.
pub(super) fn emit_mask(events: Events) -> Literal {
    let mut mask = Literal::u32_unsuffixed(events.epoll_bits());
    mask.set_span(generated());
    mask
}
