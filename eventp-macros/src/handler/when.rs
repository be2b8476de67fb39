//! What a method is called on, as tokens.
//!
//! In comes a [`When`], out goes a condition over the context `__d`. It is a plain chain of comparisons: the reactor has one function for
//! each field, in which the compiler knows the field's number. What must stay true: a port has the span of the user's word, since
//! rustc says there that no field has this name.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::ext::IdentExt as _;

use super::events::Events;
use super::model::Variant;
use super::parse::ImplSyntax;
use super::share::When;
use crate::paths::{Root, generated, users_ends};

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

/// The number of the field with this name. That there is one, [`emit_check`] has checked.
fn emit_number(root: &Root, this: &Type, port: &Ident) -> TokenStream {
    let (span, name) = (generated(), port.unraw().to_string());
    let (number, named_ports) = (root.port_number(span), root.named_ports(span));
    quote_spanned!(span=> const { #number(<#this as #named_ports>::FIELDS, #name, "") })
}

/// The same with the check, at the user's word: rustc says whether the struct has the field, and we, whether it is a port.
fn emit_checked_number(root: &Root, port: &Ident) -> TokenStream {
    let (here, name) = (port.span(), port.unraw().to_string());
    let number = root.port_number(here);
    let missing = format!("field `{name}` is not an fd; mark it with `#[fd(interest = ..)]`");
    let fields = quote_spanned!(generated()=> __fields);
    quote_spanned!(here=> #number(#fields, #name, #missing))
}

/// A number rather than names: each path costs the user's build as much as a call.
fn emit_mask(events: Events) -> Literal {
    let mut mask = Literal::u32_unsuffixed(events.epoll_bits());
    mask.set_span(generated());
    mask
}

/// Has the compiler find names that are none, and a field that no method names: beside the impl, or within it if the type is not known before.
pub(super) fn emit_check(
    root: &Root,
    syntax: &ImplSyntax,
    variant: &Variant<'_>,
) -> (TokenStream, TokenStream) {
    if variant.ports.is_empty() {
        return (TokenStream::new(), TokenStream::new());
    }
    let (span, this) = (generated(), &*syntax.head.self_ty);
    let names = variant.ports.iter().map(|port| {
        let this = quote_spanned!(span=> __this);
        quote_spanned!(port.span()=> #this.#port)
    });
    let numbers = variant.ports.iter().map(|port| emit_checked_number(root, port));
    let (named_ports, fields) = (root.named_ports(span), quote_spanned!(span=> __fields));
    let check = quote_spanned! {span=>
        let _ = |__this: <#this as #named_ports>::Struct| { #(let _ = &#names;)* };
        let #fields = <#this as #named_ports>::FIELDS;
    };
    let check = if variant.is_complete {
        quote_spanned!(span=> { #check #(let _ = #numbers;)* })
    } else {
        // With the user's own spans, so that rustc does not explain where the macro comes from.
        let (first, last) = users_ends(this);
        let (assert_handled, handled) =
            (root.assert_handled(first), quote_spanned!(span=> __handled));
        let arguments = quote_spanned!(last=> (#fields, #handled));
        quote_spanned!(span=> { #check let #handled = #(1 << #numbers)|*; #assert_handled #arguments })
    };
    if syntax.head.generics.params.is_empty() {
        (quote_spanned!(span=> const _: () = #check;), TokenStream::new())
    } else {
        (TokenStream::new(), quote_spanned!(span=> const #check;))
    }
}
