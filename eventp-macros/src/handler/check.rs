//! What the compiler is to find wrong with the ports and the events that methods name, as tokens.
//!
//! In comes the model, out goes code that does nothing: a constant beside the impl or within it. What must stay true: a port has the span of
//! the user's word, since rustc says there that no field has this name, or we, that it is no event.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::Type;
use syn::ext::IdentExt as _;

use super::events::Events;
use super::model::Variant;
use super::parse::ImplSyntax;
use super::when::emit_mask;
use crate::event_names::Meant;
use crate::paths::{Root, generated, users_ends};
use crate::tokens;

/// Has the compiler find names that are none, a field that no method names, and an event that an interest asks for and no method is for: beside the
/// impl, or within it if the type is not known before.
pub(super) fn emit_check(
    root: &Root,
    syntax: &ImplSyntax,
    variant: &Variant<'_>,
) -> (TokenStream, TokenStream) {
    let span = generated();
    let is_complete = variant.of_all.contains(Events::ASKED);
    let (beside, check) = match (variant.ports.is_empty(), is_complete) {
        (true, true) => return (TokenStream::new(), TokenStream::new()),
        (true, false) => {
            let this = &*syntax.head.self_ty;
            (TokenStream::new(), emit_check_of_events(root, this, variant.of_all))
        }
        (false, _) => emit_check_of_ports(root, syntax, variant, is_complete),
    };
    if syntax.head.generics.params.is_empty() {
        return (quote_spanned!(span=> const _: () = { #beside #check };), TokenStream::new());
    }
    let beside = (!beside.is_empty()).then(|| quote_spanned!(span=> const _: () = { #beside };));
    (beside.unwrap_or_default(), quote_spanned!(span=> const { #check };))
}

/// Where no method names a port: of this type, which may have one or several or be no subscriber at all.
fn emit_check_of_events(root: &Root, this: &Type, events: Events) -> TokenStream {
    let (span, mask) = (generated(), emit_mask(events));
    let (known, unknown) = (root.known(span), root.unknown(span));
    // With the user's own spans, so that rustc does not explain where the macro comes from.
    let (first, last) = users_ends(this);
    let assert_heard = root.assert_heard(first);
    let arguments = quote_spanned!(last=> (#known::<#this>::ASKS, #mask));
    quote_spanned!(span=> use #unknown as _; #assert_heard #arguments)
}

/// Where ports are named: what stands beside the check, and the check.
fn emit_check_of_ports(
    root: &Root,
    syntax: &ImplSyntax,
    variant: &Variant<'_>,
    is_complete: bool,
) -> (TokenStream, TokenStream) {
    let (span, this) = (generated(), &*syntax.head.self_ty);
    let named: Vec<_> = variant.ports.iter().map(|(port, _)| *port).collect();
    let (beside, found) = match &variant.meant {
        Some(meant) => emit_fields_or_else(root, syntax, &named, meant),
        None => (TokenStream::new(), emit_fields(root, this, &named)),
    };
    let meant = |at| variant.meant.as_ref().map(|meant: &Vec<Meant>| meant[at]);
    let ports = named.iter().enumerate();
    let numbers = ports.map(|(at, port)| emit_checked_number(root, port, meant(at)));
    if is_complete {
        return (beside, quote_spanned!(span=> #found #(let _ = #numbers;)*));
    }
    let masks = variant.ports.iter().map(|(_, events)| emit_mask(*events));
    let of_all = emit_mask(variant.of_all);
    // As above.
    let (first, last) = users_ends(this);
    let (assert_handled, fields, of_ports) = (
        root.assert_handled(first),
        quote_spanned!(span=> __fields),
        quote_spanned!(span=> __of_ports),
    );
    let arguments = quote_spanned!(last=> (#fields, #of_ports, #of_all));
    let check = quote_spanned! {span=>
        #found
        let #of_ports = &[#((#numbers, #masks)),*];
        #assert_handled #arguments
    };
    (beside, check)
}

/// The number of the field with this name, at the user's word: rustc says whether the struct has the field, and we, whether it is a port. Of a word that
/// may have been meant for an event, we say both.
fn emit_checked_number(root: &Root, port: &Ident, meant: Option<Meant>) -> TokenStream {
    let (here, name) = (port.span(), port.unraw().to_string());
    let number = root.port_number(here);
    let missing = match meant {
        Some(meant) => {
            format!("`{name}` is no field with `#[fd(..)]` and no event; {}", meant.remedy())
        }
        None => format!("field `{name}` is not an fd; mark it with `#[fd(interest = ..)]`"),
    };
    let fields = quote_spanned!(generated()=> __fields);
    quote_spanned!(here=> #number(#fields, #name, #missing))
}

/// Finds `__fields`, and has rustc say which of the ports are no fields.
fn emit_fields(root: &Root, this: &Type, ports: &[&Ident]) -> TokenStream {
    let (span, named_ports) = (generated(), root.named_ports(generated()));
    let names = ports.iter().map(|port| {
        let this = quote_spanned!(span=> __this);
        quote_spanned!(port.span()=> #this.#port)
    });
    quote_spanned! {span=>
        let _ = |__this: <#this as #named_ports>::Struct| { #(let _ = &#names;)* };
        let __fields = <#this as #named_ports>::FIELDS;
    }
}

/// The same for words that look like events; and before it, functions that stand beside the impl. They find the fields by a trait which says at
/// the user's word what was meant, if the struct has no fds to choose from.
fn emit_fields_or_else(
    root: &Root,
    syntax: &ImplSyntax,
    ports: &[&Ident],
    meant: &[Meant],
) -> (TokenStream, TokenStream) {
    let span = generated();
    let words = ports.iter().zip(meant).enumerate();
    let functions = words.map(|(at, (port, meant))| emit_fields_fn(root, syntax, at, port, *meant));
    let functions = quote_spanned!(span=> #(#functions)*);
    let fields = match meant {
        _ if !syntax.head.generics.params.is_empty() => {
            let (this, ports) = (&syntax.head.self_ty, root.ports(span));
            quote_spanned!(span=> <#this as #ports>::FIELDS)
        }
        [Meant::Event(_), ..] => quote_spanned!(span=> __fields0::<(), ()>()),
        _ => quote_spanned!(span=> __fields0::<()>()),
    };
    (functions, quote_spanned!(span=> let __fields = #fields;))
}

/// `fn __fields0()`: the fields, if the struct has fds to choose from. The trait has the words of its error from the names of types; and only
/// parameters are shown by their names wherever they are.
fn emit_fields_fn(
    root: &Root,
    syntax: &ImplSyntax,
    at: usize,
    port: &Ident,
    meant: Meant,
) -> TokenStream {
    let span = generated();
    let (name, field) = (format_ident!("__fields{at}", span = span), root.field(span));
    let head = &syntax.head;
    let this = moved(head.self_ty.to_token_stream(), port.span());
    let word = Ident::new(&port.unraw().to_string(), span);
    let (path, words) = match meant {
        Meant::Event(event) => (root.port_or_event(span), vec![word, Ident::new(event, span)]),
        Meant::Flag => (root.port_or_flag(span), vec![word]),
    };
    let users = head.generics.params.iter();
    let predicates = head.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let parameters = head.generics.type_params().map(|parameter| &parameter.ident);
    quote_spanned! {span=>
        const fn #name<#(#users,)* #(#words),*>() -> &'static [#field]
        where
            #(#predicates,)*
            #(#parameters: 'static,)*
        {
            <#this as #path<#(#words),*>>::FIELDS
        }
    }
}

/// The tokens as if they stood elsewhere; what they mean stays the same.
fn moved(tokens: TokenStream, here: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = tokens::refill(group, moved(group.stream(), here)).into();
        }
        token.set_span(here.resolved_at(token.span()));
        token
    });
    moved.collect()
}
