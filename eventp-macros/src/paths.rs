//! The paths of the runtime crate, spelled here and nowhere else.
//!
//! In comes the user's `crate = path`, or nothing; out go absolute paths below that root. Every path takes the span that an
//! error about it should point at. What must stay true: nothing is looked up in the user's scope, so that the expansion
//! works under `#![no_implicit_prelude]` and beside any import.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Path, PathArguments, Type, TypePath};

/// Where the runtime crate is.
#[derive(Clone, Default)]
pub(crate) struct Root(Option<Path>);

impl Root {
    pub(crate) fn new(path: Path) -> Self {
        Self(Some(path))
    }

    /// Whether the user has said where it is, so that it may not be there.
    pub(crate) fn is_told(&self) -> bool {
        self.0.is_some()
    }
}

macro_rules! paths {
    ($($name:ident => $($segment:ident)::+;)*) => {
        impl Root {
            $(
                pub(crate) fn $name(&self, span: Span) -> TokenStream {
                    match &self.0 {
                        None => quote_spanned!(span=> ::eventp::$($segment)::+),
                        Some(root) => quote_spanned!(span=> #root::$($segment)::+),
                    }
                }
            )*
        }
    };
}

paths! {
    asks => __private::Asks;
    assert_handled => __private::assert_handled;
    assert_heard => __private::assert_heard;
    derive_subscriber => __private::__Subscriber;
    dispatch => Dispatch;
    doorbell_fn => doorbell;
    each => __private::Each;
    event_ops => EventpOps;
    exclusive_fn => exclusive;
    exclusive_interest => __private::exclusive_interest;
    fd_field => __private::IsFd;
    fds => __private::Fds;
    field => __private::Field;
    handler_trait => Handler;
    has_interest => HasInterest;
    inject => __private::HandlerParameter;
    interest_fn => interest;
    interest_from => __private::IntoInterest;
    interest_type => Interest;
    known => __private::Known;
    known_interest => __private::KnownInterest;
    lends_state => __private::LendsState;
    named_ports => __private::NamedPorts;
    next_handler => __private::next_handler;
    nothing_to_do => __private::nothing_to_do;
    outcome => __private::Outcome;
    outcome_fn => __private::into_flow;
    outcome_trait => IntoFlow;
    port_call => __private::PortCall;
    port_number => __private::port_number;
    port_or_event => __private::PortOrEvent;
    port_or_flag => __private::PortOrFlag;
    port_set => PortSet;
    ports => __private::Ports;
    raw_fds => __private::RawFds;
    reactor => Eventp;
    reactor_alias => __private::ReactorAlias;
    reports => __private::reports;
    same_state => __private::SameState;
    subscriber => Subscriber;
    unknown => __private::Unknown;
}

/// The span of what has no counterpart in the user's code.
pub(crate) fn generated() -> Span {
    Span::mixed_site()
}

/// What the user wrote, with the spans of its first and of its last token. Stable Rust cannot join them, but an expression whose first token
/// has the one and whose last token has the other is shown as the whole.
pub(crate) trait Written: ToTokens {
    fn users_ends(&self) -> (Span, Span) {
        let mut spans = self.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        (first, spans.last().unwrap_or(first))
    }
}

impl Written for TokenStream {}
impl Written for syn::Receiver {}

impl Written for Ident {
    fn users_ends(&self) -> (Span, Span) {
        (self.span(), self.span())
    }
}

/// Without the tokens for the forms that nearly every parameter has: they are asked for several times.
impl Written for Type {
    fn users_ends(&self) -> (Span, Span) {
        match self {
            Type::Reference(it) => (it.and_token.span, it.elem.users_ends().1),
            Type::Path(TypePath { qself: None, path, .. }) => path_ends(path),
            other => other.to_token_stream().users_ends(),
        }
    }
}

fn path_ends(path: &Path) -> (Span, Span) {
    match (&path.leading_colon, path.segments.first(), path.segments.last()) {
        (None, Some(first), Some(last)) => match &last.arguments {
            PathArguments::None => (first.ident.span(), last.ident.span()),
            PathArguments::AngleBracketed(it) => (first.ident.span(), it.gt_token.span),
            PathArguments::Parenthesized(_) => path.to_token_stream().users_ends(),
        },
        _ => path.to_token_stream().users_ends(),
    }
}

/// The span for generated code about which an error should point at the user's `tokens`: that of the first one.
///
/// Names are still resolved as generated ones.
pub(crate) fn at(tokens: &impl Written) -> Span {
    generated().located_at(tokens.users_ends().0)
}

/// The spans of the first and of the last token, where names are resolved as generated ones.
pub(crate) fn ends(tokens: &impl Written) -> (Span, Span) {
    let (first, last) = users_ends(tokens);
    (generated().located_at(first), generated().located_at(last))
}

/// The same as they are in the user's code, where rustc sees no macro. Lints apply there as well.
pub(crate) fn users_ends(tokens: &impl Written) -> (Span, Span) {
    tokens.users_ends()
}

/// `std::os::fd`.
pub(crate) fn std_fd(name: &str) -> TokenStream {
    let (span, name) = (generated(), Ident::new(name, generated()));
    quote_spanned!(span=> ::std::os::fd::#name)
}

/// The body of a stand-in: after an error nothing runs, it only has to type-check.
pub(crate) fn never() -> TokenStream {
    let span = generated();
    quote_spanned!(span=> ::core::unreachable!())
}
