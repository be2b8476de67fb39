//! The model to tokens: the item without our marks, and the `Handler` beside it.
//!
//! In comes a legal model, out goes code. What must stay true: nothing can go wrong here; what is called keeps the user's
//! spans, so that a type that does not fit is an error on the parameter, or on the return type, that says so.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Type};

use super::call::{emit_call, is_never};
use super::cfg;
use super::check::emit_check;
use super::function::{FunctionModel, FunctionVariant};
use super::model::{Arm, ImplModel, Variant};
use super::parse::ImplSyntax;
use super::scope::{Ep, Scope};
use super::when::emit_condition;
use crate::paths::{Root, at, generated, users_ends};
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
    let cfgs: Vec<_> = cfg::attributes(&syntax.head.attrs).collect();
    let configuration = variant.configuration.attribute();
    let generics = emit_generics(&syntax.head.generics.params, &variant.scope);
    let users = syntax.head.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates = &variant.scope.predicates;
    let (handler, dispatch) = (root.handler_trait(span), root.dispatch(span));
    let (this, ep) = (&syntax.head.self_ty, emit_ep(root, &variant.scope));
    let outcome = root.outcome(generated());
    let (mutable, body) = emit_arms(root, this, &variant.arms);
    let (check, inner_check) = emit_check(root, syntax, variant);
    let check = (!check.is_empty()).then(|| quote_spanned!(span=> #(#cfgs)* #configuration #check));
    let statics = emit_statics(root, syntax, variant);
    // Among the predicates: rustc takes a parameter whose bounds are the user's tokens for one of the user's.
    let own = matches!(variant.scope.reactor, Ep::Own)
        .then(|| emit_own_ep(emit_ops_of_impl(root, &variant.scope), &variant.scope));
    quote_spanned! {span=>
        #check
        #(#cfgs)*
        #configuration
        #[automatically_derived]
        impl #generics #handler<#ep> for #this
        where
            #(#users,)*
            #(#predicates,)*
            #(#statics,)*
            #own
        {
            #[inline(always)]
            fn handle(#mutable __d: #dispatch<'_, Self, #ep>) -> #outcome {
                #inner_check
                #body
            }
        }
    }
}

/// A type with ports borrows nothing, and so do its parameters.
fn emit_statics(root: &Root, syntax: &ImplSyntax, variant: &Variant<'_>) -> Vec<TokenStream> {
    if variant.ports.is_empty() {
        return Vec::new();
    }
    let (span, ports) = (generated(), root.ports(generated()));
    let parameters = syntax.head.generics.type_params().map(|parameter| &parameter.ident);
    // The lifetime is for nothing but that the bound is taken for granted here: what has no fds is told so where it names them.
    let is_subscriber = quote_spanned!(span=> for<'__a> Self: #ports);
    let parameters = parameters.map(|name| quote_spanned!(span=> #name: 'static));
    parameters.chain([is_subscriber]).collect()
}

/// Lifetimes first, as the language wants them.
fn emit_generics<'a>(
    users: impl IntoIterator<Item = &'a GenericParam>,
    scope: &Scope,
) -> TokenStream {
    let (users_lifetimes, users): (Vec<_>, Vec<_>) =
        users.into_iter().partition(|it| matches!(it, GenericParam::Lifetime(_)));
    let users = users.into_iter().map(without_default);
    let Scope { lifetimes, types, .. } = scope;
    let own = matches!(scope.reactor, Ep::Own).then_some(&scope.own_ep).into_iter();
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
fn emit_own_ep(ops: TokenStream, scope: &Scope) -> TokenStream {
    let (span, ep, bounds) = (generated(), &scope.own_ep, &scope.bounds);
    quote_spanned!(span=> #ep: #ops #(+ #bounds)*)
}

/// What the reactor has to be. Where it has to have a state, the bound is a trait whose error has words of our own.
fn emit_ops(root: &Root, scope: &Scope) -> TokenStream {
    let Some(state) = &scope.state else { return root.event_ops(generated()) };
    // With the user's own spans, so that rustc points at the state, and does not explain where the macro comes from.
    let (first, last) = users_ends(state);
    let (lends_state, close) = (root.lends_state(first), quote_spanned!(last=> >));
    quote!(#lends_state<#state #close)
}

/// The same for an impl. It may have parameters that stand in the state alone only if the reactor determines them.
fn emit_ops_of_impl(root: &Root, scope: &Scope) -> TokenStream {
    match &scope.state {
        Some(state) if !scope.types.is_empty() || !scope.lifetimes.is_empty() => {
            let (span, ops) = (generated(), root.event_ops(generated()));
            quote_spanned!(span=> #ops<State = #state>)
        }
        _ => emit_ops(root, scope),
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
fn emit_arms(root: &Root, this: &Type, arms: &[Arm<'_>]) -> (TokenStream, TokenStream) {
    let span = generated();
    let Some((last, before)) = arms.split_last() else {
        return (TokenStream::new(), TokenStream::new());
    };
    let before_last = before.iter().map(|arm| emit_arm(root, this, arm));
    let body = emit_last_arm(root, this, last);
    let mutable = if before.is_empty() { TokenStream::new() } else { quote_spanned!(span=> mut) };
    (mutable, quote_spanned!(span=> #(#before_last)* #body))
}

fn emit_arm(root: &Root, this: &Type, arm: &Arm<'_>) -> TokenStream {
    let span = generated();
    let next_handler = root.next_handler(span);
    let call = emit_call(root, &arm.call, true);
    let condition = emit_condition(root, this, &arm.when);
    let condition = condition.unwrap_or_else(|| quote_spanned!(span=> true));
    if is_never(&arm.call) {
        // What follows would be unreachable, and rustc warns of that.
        return quote_spanned!(span=> if #condition { #call });
    }
    quote_spanned! {span=>
        if #condition {
            let __outcome = { #call };
            if let ::core::ops::ControlFlow::Break(__outcome) =
                #next_handler(__outcome, __d.key, &mut __d.reactor)
            {
                return __outcome;
            }
        }
    }
}

fn emit_last_arm(root: &Root, this: &Type, arm: &Arm<'_>) -> TokenStream {
    let call = emit_call(root, &arm.call, false);
    let Some(condition) = emit_condition(root, this, &arm.when) else { return call };
    let span = generated();
    let nothing_to_do = root.nothing_to_do(span);
    quote_spanned! {span=>
        if #condition {
            #call
        } else {
            #nothing_to_do()
        }
    }
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
    let here = generated().located_at(name.span());
    let mut companion = name.clone();
    companion.set_span(here);
    let companion_type = quote_spanned!(here=> enum #companion {});
    quote_spanned! {generated()=>
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis #companion_type
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
    let name = &model.syntax.sig.ident;
    let any_fd = variant.fd.is_none().then(|| variant.scope.any_fd.to_token_stream());
    let fd = variant.fd.as_ref().or(any_fd.as_ref());
    let (dispatch, outcome) = (root.dispatch(span), root.outcome(generated()));
    let Scope { lifetimes, types, predicates, .. } = &variant.scope;
    let ops = emit_ops(root, &variant.scope);
    let own =
        matches!(variant.scope.reactor, Ep::Own).then(|| emit_own_ep(ops.clone(), &variant.scope));
    let parameters = lifetimes.iter().chain(types).chain(&any_fd).chain(&own);
    let users = match (&variant.scope.reactor, &variant.scope.state) {
        (Ep::Users(name), Some(_)) => Some(quote_spanned!(span=> #name: #ops,)),
        _ => None,
    };
    let (ep, configuration) = (emit_ep(root, &variant.scope), variant.configuration.attribute());
    let body = emit_call(root, &variant.call, false);
    let handler = Ident::new("handler", generated().located_at(name.span()));
    // What is generic is compiled where it is used, and inlined there as well as if it said so.
    let is_generic = own.is_some() || any_fd.is_some() || !types.is_empty();
    let inline = (!is_generic).then(|| quote_spanned!(span=> #[inline]));
    quote_spanned! {span=>
        #configuration
        #inline
        pub fn #handler<#(#parameters),*>(__d: #dispatch<'_, #fd, #ep>) -> #outcome
        where
            #(#predicates,)*
            #users
        {
            #body
        }
    }
}
