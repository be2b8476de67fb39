//! Drives the stages of each macro, on `proc_macro2` streams so that tests can call it.
//!
//! In come an attribute's arguments and its item, out goes what replaces the item. What must stay true: whatever comes in,
//! the item is in what goes out, and nothing here panics.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diag::Diag;
use crate::paths::Root;
use crate::{handler as on, subscriber as sub};

/// `#[subscriber(..)]`: hands the work to the hidden derive, which sees the struct after `cfg`.
pub(crate) fn subscriber(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    match sub::parse::parse_item(item, &mut diag) {
        Ok(item) => sub::codegen::emit_derive(&sub::parse::find_root(&args), &args, &item),
        Err(item) => with_errors(item, diag),
    }
}

/// `#[derive(__Subscriber)]`.
pub(crate) fn derive_subscriber(item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let Some(syntax) = sub::parse::parse_struct(item, &mut diag) else {
        return diag.into_compile_errors();
    };
    match sub::model::lower(&syntax, &mut diag) {
        Some(model) if diag.is_empty() => sub::codegen::emit_impls(&model),
        _ => with_errors(sub::recover::emit_stubs(&syntax), diag),
    }
}

/// `#[handler]`.
pub(crate) fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::default();
    let root = on::parse::parse_root(args, &mut diag);
    match on::parse::parse_item(item, &mut diag) {
        on::parse::Item::Impl(syntax) => handler_impl(&root, &syntax, diag),
        on::parse::Item::Function(syntax) => handler_function(&root, &syntax, diag),
        on::parse::Item::Other(item) => with_errors(item, diag),
    }
}

fn handler_impl(root: &Root, syntax: &on::parse::ImplSyntax, mut diag: Diag) -> TokenStream {
    let item = on::codegen::emit_impl_item(syntax);
    let methods = on::model::lower_methods(syntax, &mut diag);
    let model = on::model::lower_impl(syntax, &methods, &mut diag);
    if diag.is_empty() {
        with_impls(item, on::codegen::emit_impls(root, &model))
    } else {
        let methods = methods.without_wrong_ones();
        with_errors(with_impls(item, on::recover::emit_what_is_right(root, syntax, &methods)), diag)
    }
}

fn handler_function(
    root: &Root,
    syntax: &on::parse::FunctionSyntax,
    mut diag: Diag,
) -> TokenStream {
    let item = syntax.item.clone();
    let params = on::function::lower_params(syntax, &mut diag);
    let model = on::function::lower_function(syntax, &params, &mut diag);
    if diag.is_empty() {
        with_impls(item, on::codegen::emit_function(root, &model))
    } else {
        with_errors(with_impls(item, on::recover::emit_function_stub(root, syntax)), diag)
    }
}

fn with_impls(item: TokenStream, impls: TokenStream) -> TokenStream {
    quote!(#item #impls)
}

/// The item first: if rustc cannot parse it either, rustc's error is the one that is seen.
fn with_errors(item: TokenStream, diag: Diag) -> TokenStream {
    let errors = diag.into_compile_errors();
    quote!(#item #errors)
}
