//! The model to tokens: the item without our marks, and the `Handler` beside it.
//!
//! In comes a legal model, out goes code. What must stay true: nothing can go wrong here; what is called keeps the user's
//! spans, so that a type that does not fit is an error on the parameter, or on the return type, that says so.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::GenericParam;

use super::call::{emit_call, is_never};
use super::cfg;
use super::events::Events;
use super::function::{FunctionModel, FunctionVariant};
use super::model::{Arm, ImplModel, Variant};
use super::parse::ImplSyntax;
use super::scope::{Ep, Scope};
use crate::paths::{Root, at, generated, outcome};
use crate::tokens;

/// The `impl` as it was written, without `#[on(..)]`.
pub(crate) fn emit_impl_item(syntax: &ImplSyntax) -> TokenStream {
    let head = &syntax.head_tokens;
    let members = syntax.members.iter().map(|member| &member.tokens);
    let braces = tokens::refill(&syntax.braces, quote!(#(#members)*));
    quote!(#head #braces)
}

/// `Handler` for the type of the `impl`.
pub(crate) fn emit_impls(root: &Root, model: &ImplModel<'_>) -> TokenStream {
    model.variants.iter().map(|variant| impl_handler(root, model.syntax, variant)).collect()
}

fn impl_handler(root: &Root, syntax: &ImplSyntax, variant: &Variant<'_>) -> TokenStream {
    let span = generated();
    let cfgs = cfg::attributes(&syntax.head.attrs);
    let configuration = variant.configuration.attribute();
    let generics = emit_generics(&syntax.head.generics.params, root, &variant.scope);
    let users = syntax.head.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates = &variant.scope.predicates;
    let (handler, dispatch) = (root.handler_trait(span), root.dispatch(span));
    let (this, ep) = (&syntax.head.self_ty, emit_ep(root, &variant.scope));
    let outcome = outcome(root);
    let (mutable, body) = emit_arms(root, &variant.arms);
    quote_spanned! {span=>
        #(#cfgs)*
        #configuration
        #[automatically_derived]
        impl #generics #handler<#ep> for #this
        where
            #(#users,)*
            #(#predicates,)*
        {
            #[inline]
            fn handle(#mutable __d: #dispatch<'_, Self, #ep>) -> #outcome {
                #body
            }
        }
    }
}

/// Lifetimes first, as the language wants them.
fn emit_generics<'a>(
    users: impl IntoIterator<Item = &'a GenericParam>,
    root: &Root,
    scope: &Scope,
) -> TokenStream {
    let (users_lifetimes, users): (Vec<_>, Vec<_>) =
        users.into_iter().partition(|it| matches!(it, GenericParam::Lifetime(_)));
    let users = users.into_iter().map(without_default);
    let Scope { lifetimes, types, .. } = scope;
    let own = matches!(scope.reactor, Ep::Own).then(|| emit_own_ep(root, scope));
    let own = own.into_iter();
    quote_spanned! {generated()=>
        <#(#users_lifetimes,)* #(#lifetimes,)* #(#users,)* #(#types,)* #(#own)*>
    }
}

fn without_default(parameter: &GenericParam) -> GenericParam {
    let mut parameter = parameter.clone();
    match &mut parameter {
        GenericParam::Type(it) => it.default = None,
        GenericParam::Const(it) => it.default = None,
        GenericParam::Lifetime(_) => {}
    }
    parameter
}

/// `__Ep: EventpOps<State = S> + ..`
fn emit_own_ep(root: &Root, scope: &Scope) -> TokenStream {
    let (span, ep) = (generated(), &scope.own_ep);
    let (ops, bounds) = (emit_ops(root, scope), &scope.bounds);
    quote_spanned!(span=> #ep: #ops #(+ #bounds)*)
}

fn emit_ops(root: &Root, scope: &Scope) -> TokenStream {
    let (span, ops) = (generated(), root.event_ops(generated()));
    match &scope.state {
        Some(state) => quote_spanned!(span=> #ops<State = #state>),
        None => ops,
    }
}

fn emit_ep(root: &Root, scope: &Scope) -> TokenStream {
    match &scope.reactor {
        Ep::Own => scope.own_ep.to_token_stream(),
        Ep::Users(name) => name.to_token_stream(),
        Ep::Concrete(ty) => ty.clone(),
        Ep::Behind(alias) => {
            let (span, reactor_alias) = (at(alias), root.reactor_alias(at(alias)));
            quote_spanned!(span=> <#alias as #reactor_alias>::Ops)
        }
    }
}

/// The arms one after the other; and whether the context is needed again after the first.
fn emit_arms(root: &Root, arms: &[Arm<'_>]) -> (TokenStream, TokenStream) {
    let span = generated();
    let Some((last, before)) = arms.split_last() else {
        return (TokenStream::new(), TokenStream::new());
    };
    let before_last = before.iter().map(|arm| emit_arm(root, arm));
    let body = emit_last_arm(root, last);
    let mutable = if before.is_empty() { TokenStream::new() } else { quote_spanned!(span=> mut) };
    (mutable, quote_spanned!(span=> #(#before_last)* #body))
}

fn emit_arm(root: &Root, arm: &Arm<'_>) -> TokenStream {
    let span = generated();
    let (mask, next_handler) = (emit_mask(root, arm.events), root.next_handler(span));
    let reports = root.reports(span);
    let call = emit_call(root, &arm.call, true);
    if is_never(&arm.call) {
        // What follows would be unreachable, and rustc warns of that.
        return quote_spanned!(span=> if #reports(__d.event, #mask) { #call });
    }
    quote_spanned! {span=>
        if #reports(__d.event, #mask) {
            let __outcome = { #call };
            if let ::core::ops::ControlFlow::Break(__outcome) =
                #next_handler(__outcome, __d.key, &mut __d.reactor)
            {
                return __outcome;
            }
        }
    }
}

fn emit_last_arm(root: &Root, arm: &Arm<'_>) -> TokenStream {
    let span = generated();
    let call = emit_call(root, &arm.call, false);
    if arm.events == Events::ALL {
        return call;
    }
    let (mask, reports) = (emit_mask(root, arm.events), root.reports(span));
    let nothing_to_do = root.nothing_to_do(span);
    quote_spanned! {span=>
        if #reports(__d.event, #mask) {
            #call
        } else {
            #nothing_to_do()
        }
    }
}

fn emit_mask(root: &Root, events: Events) -> TokenStream {
    let bits = events.names().map(|name| root.event_bit(name));
    quote_spanned!(generated()=> #(#bits)|*)
}

/// `enum f {}` with the function's `handler`.
pub(crate) fn emit_function(root: &Root, model: &FunctionModel<'_>) -> TokenStream {
    let syntax = model.syntax;
    let handlers = model.variants.iter().map(|variant| emit_handler(root, model, variant));
    let handlers = quote!(#(#handlers)*);
    emit_companion(&syntax.attrs, &syntax.vis, &syntax.sig.ident, &handlers)
}

/// The type that has the function's name. A function and a type may share one: they live in different namespaces.
pub(crate) fn emit_companion(
    attrs: &[syn::Attribute],
    vis: &syn::Visibility,
    name: &Ident,
    handlers: &TokenStream,
) -> TokenStream {
    let cfgs: Vec<_> = cfg::attributes(attrs).collect();
    // Generated, for the lints; in the user's place, for editors.
    let mut companion = name.clone();
    companion.set_span(generated().located_at(name.span()));
    let doc = format!("The function `{name}` as a handler: register `{name}::handler`.");
    quote_spanned! {generated()=>
        #(#cfgs)*
        #[doc = #doc]
        #[allow(non_camel_case_types)]
        #vis enum #companion {}
        #(#cfgs)*
        impl #companion {
            #handlers
        }
    }
}

fn emit_handler(
    root: &Root,
    model: &FunctionModel<'_>,
    variant: &FunctionVariant<'_>,
) -> TokenStream {
    let span = generated();
    let (vis, name) = (&model.syntax.vis, &model.syntax.sig.ident);
    let any_fd = variant.fd.is_none().then(|| variant.scope.any_fd.to_token_stream());
    let fd = variant.fd.as_ref().or(any_fd.as_ref());
    let (dispatch, outcome) = (root.dispatch(span), outcome(root));
    let Scope { lifetimes, types, predicates, .. } = &variant.scope;
    let own = matches!(variant.scope.reactor, Ep::Own).then(|| emit_own_ep(root, &variant.scope));
    let parameters = lifetimes.iter().chain(types).chain(&any_fd).chain(&own);
    let users = match (&variant.scope.reactor, &variant.scope.state) {
        (Ep::Users(name), Some(_)) => {
            let ops = emit_ops(root, &variant.scope);
            Some(quote_spanned!(span=> #name: #ops,))
        }
        _ => None,
    };
    let (ep, configuration) = (emit_ep(root, &variant.scope), variant.configuration.attribute());
    let body = emit_call(root, &variant.call, false);
    let doc = format!("Calls `{name}` with what it asks for.");
    quote_spanned! {span=>
        #[doc = #doc]
        #configuration
        #[inline]
        #vis fn handler<#(#parameters),*>(__d: #dispatch<'_, #fd, #ep>) -> #outcome
        where
            #(#predicates,)*
            #users
        {
            #body
        }
    }
}
