//! A call of the user's method or function, as tokens.
//!
//! In comes a [`Call`], out goes an expression that takes the parameters out of the context `__d`. What must stay true: each argument
//! has the span of the parameter's type, and the outcome that of the return type, because that is what can be wrong with them.

use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{GenericParam, Generics, ReturnType, Type};

use super::model::Call;
use super::names;
use super::params::{Kind, peel};
use crate::paths::{Root, Written, at, ends, generated, users_ends};

/// Takes the parameters out of the context and calls; `again` if the context is needed afterwards.
pub(super) fn emit_call(root: &Root, call: &Call<'_>, again: bool) -> TokenStream {
    let span = generated();
    let mut values = Vec::new();
    let mut arguments = Vec::new();
    let name = &call.sig.ident;
    let function = match call.sig.receiver() {
        Some(receiver) => {
            arguments.push(emit_mut_argument("fd", receiver, again));
            quote_spanned!(at(name)=> Self::#name)
        }
        None => emit_function(&call.sig.ident, &call.sig.generics),
    };
    for (index, param) in call.params.iter().enumerate() {
        let here = at(param.ty);
        arguments.push(match param.kind {
            Kind::Fd(_) => emit_mut_argument("fd", param.ty, again),
            Kind::State(ty) if call.respells_state => emit_respelled_state(root, ty),
            Kind::State(_) => emit_mut_argument("state", param.ty, again),
            Kind::Reactor(_) => emit_reactor_argument(param.ty, again),
            Kind::Value => {
                let (value, inject) = (format_ident!("__v{index}", span = here), root.inject(here));
                let ty = param.ty;
                values.push(quote_spanned!(here=> let #value = <#ty as #inject>::inject(&__d);));
                value.to_token_stream()
            }
        });
    }
    let returned = emit_outcome(root, call, &quote_spanned!(span=> #function(#(#arguments),*)));
    quote_spanned!(span=> #(#values)* #returned)
}

/// The function with its generic arguments: not all of them can be told from its parameters.
fn emit_function(name: &Ident, generics: &Generics) -> TokenStream {
    let arguments: Vec<_> = generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(it) => Some(&it.ident),
            GenericParam::Const(it) => Some(&it.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    if arguments.is_empty() {
        return name.to_token_stream();
    }
    quote_spanned!(at(name)=> #name::<#(#arguments),*>)
}

fn emit_mut_argument(field: &str, spanned: &impl Written, again: bool) -> TokenStream {
    let (first, last) = ends(spanned);
    let field = Ident::new(field, last);
    if again {
        let start = quote_spanned!(first=> &mut);
        quote_spanned!(last=> #start *__d.#field)
    } else {
        let start = quote_spanned!(first=> __d);
        quote_spanned!(last=> #start.#field)
    }
}

/// The state through a trait that says it if the types differ, at the user's type.
fn emit_respelled_state(root: &Root, ty: &Type) -> TokenStream {
    let here = users_ends(ty).0;
    let state = quote_spanned!(generated()=> let __state = &mut *__d.state; __state);
    let mut state = Group::new(Delimiter::Brace, state);
    state.set_span(here);
    let same_state = root.same_state(here);
    quote_spanned!(here=> #same_state::<#ty>::same_state(#state))
}

fn emit_reactor_argument(spanned: &impl Written, again: bool) -> TokenStream {
    let (first, last) = ends(spanned);
    let start = quote_spanned!(first=> __d);
    if again {
        quote_spanned!(last=> #start.reactor.reborrow())
    } else {
        quote_spanned!(last=> #start.reactor)
    }
}

/// The returned value as an outcome, by a path through the return type as it was written: that is where an error about it belongs.
fn emit_outcome(root: &Root, call: &Call<'_>, value: &TokenStream) -> TokenStream {
    let ty = match &call.sig.output {
        _ if is_never(call) => return value.clone(),
        ReturnType::Default => {
            let (span, into_flow) = (generated(), root.outcome_fn(generated()));
            return quote_spanned!(span=> #into_flow(#value));
        }
        ReturnType::Type(_, ty) => ty,
    };
    let here = at(&**ty);
    let (into_flow, ty) = (root.outcome_trait(here), ty.to_token_stream());
    if names::depends_on_signature(&ty, &call.sig.generics) {
        // The type cannot be written here; what is left of it is the place.
        quote_spanned! {here=>
            let __returned = #value;
            #into_flow::into_flow(__returned)
        }
    } else {
        quote_spanned!(here=> <#ty as #into_flow>::into_flow(#value))
    }
}

/// Whether the call never returns.
pub(super) fn is_never(call: &Call<'_>) -> bool {
    matches!(&call.sig.output, ReturnType::Type(_, ty) if matches!(peel(ty), Type::Never(_)))
}
