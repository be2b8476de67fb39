//! After an error: stand-ins, so that what registers the handler is not wrong as well.
//!
//! In comes the syntax, however wrong, out goes a `Handler` of the methods that are right, or for any reactor; or an `enum f` with a `handler` for any
//! fd. They only type-check. The item itself is emitted beside them, as for a right one.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;

use super::cfg;
use super::codegen::{emit_companion, emit_impls};
use super::events::Events;
use super::model::{Methods, lower_impl};
use super::parse::{FunctionSyntax, ImplSyntax};
use crate::diag::Diag;
use crate::paths::{Root, generated, never};

/// `Handler` of the methods that are right, so that rustc sees their types too; or a stand-in, where there are none.
pub(crate) fn emit_what_is_right(
    root: &Root,
    syntax: &ImplSyntax,
    methods: &Methods<'_>,
) -> TokenStream {
    let mut again = Diag::default();
    let mut model = lower_impl(syntax, methods, &mut again);
    if model.variants.is_empty() || !again.is_empty() {
        return emit_impl_stub(root, syntax);
    }
    for variant in &mut model.variants {
        variant.of_all = Events::ALL; // what it lacks may be that of a wrong one
    }
    emit_impls(root, &model)
}

/// `Handler<Ep>` for the type of the `impl`, whatever `Ep` is.
fn emit_impl_stub(root: &Root, syntax: &ImplSyntax) -> TokenStream {
    let span = generated();
    let cfgs = cfg::attributes(&syntax.head.attrs);
    let (handler, dispatch) = (root.handler_trait(span), root.dispatch(span));
    let (ep, ops) = (own_ep(), root.event_ops(span));
    let mut generics = syntax.head.generics.clone();
    generics.params.push(syn::GenericParam::Type(syn::TypeParam {
        attrs: Vec::new(),
        ident: ep.clone(),
        colon_token: None,
        bounds: Default::default(),
        default: None,
    }));
    let (parameters, _, _) = generics.split_for_impl();
    let users = syntax.head.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let (this, outcome, never) = (&syntax.head.self_ty, root.outcome(generated()), never());
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        impl #parameters #handler<#ep> for #this
        where
            #(#users,)*
            #ep: #ops,
        {
            fn handle(_: #dispatch<'_, Self, #ep>) -> #outcome {
                #never
            }
        }
    }
}

/// `enum f` with a `handler` for any fd and any reactor.
pub(crate) fn emit_function_stub(root: &Root, syntax: &FunctionSyntax) -> TokenStream {
    let span = generated();
    let (dispatch, ops) = (root.dispatch(span), root.event_ops(span));
    let (vis, ep) = (&syntax.vis, own_ep());
    let (outcome, never) = (root.outcome(generated()), never());
    let handler = quote_spanned! {span=>
        /// A stand-in.
        #vis fn handler<__Fd, #ep: #ops>(_: #dispatch<'_, __Fd, #ep>) -> #outcome {
            #never
        }
    };
    emit_companion(&syntax.attrs, vis, &syntax.sig.ident, &handler)
}

/// A name that nobody has.
fn own_ep() -> Ident {
    Ident::new("__Ep", generated())
}
