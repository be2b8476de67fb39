//! The model to tokens: the struct with its hidden derive, and what the derive writes for one fd.
//!
//! In comes a legal model, out go impls. What must stay true: nothing can go wrong here, and an error that rustc finds in
//! the code is on the user's token, because that token's span is on it.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Generics, Type};

use super::fields::Fd;
use super::interest::Interest;
use super::model::{Fds, Model};
use super::ports::{self, Owner};
use crate::paths::{Root, at, generated, std_fd};
use crate::tokens;

/// The struct again, with the hidden derive before it.
pub(crate) fn emit_derive(root: &Root, args: &TokenStream, item: &TokenStream) -> TokenStream {
    let derive = root.derive_subscriber(Span::call_site());
    if root.is_told() {
        let item = with_tool_marks(item.clone());
        return quote! {
            #[derive(#derive)]
            #[rustfmt::__eventp(#args)]
            #item
        };
    }
    quote! {
        #[derive(#derive)]
        #[__eventp(#args)]
        #item
    }
}

/// The item with each `#[fd]` as `#[rustfmt::fd]`, which rustc knows without the derive. If there is no crate at the user's path there is no
/// derive either, and rustc would find fault with each mark.
fn with_tool_marks(item: TokenStream) -> TokenStream {
    let fields = |token: TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            tokens::refill(&group, group.stream().into_iter().map(with_tool_mark).collect()).into()
        }
        token => token,
    };
    item.into_iter().map(fields).collect()
}

fn with_tool_mark(token: TokenTree) -> TokenTree {
    match tokens::as_group(Some(&token), Delimiter::Bracket) {
        Some(group) if starts_with_fd(group) => {
            let (span, mark) = (generated(), group.stream());
            tokens::refill(group, quote_spanned!(span=> rustfmt::#mark)).into()
        }
        _ => token,
    }
}

fn starts_with_fd(attribute: &Group) -> bool {
    let first = attribute.stream().into_iter().next();
    tokens::as_ident(first.as_ref()).is_some_and(|name| name == "fd")
}

/// What the reactor needs to find the fds: `AsFd` and `HasInterest` for one, `Ports` for several.
pub(crate) fn emit_impls(model: &Model<'_>) -> TokenStream {
    match &model.fds {
        Fds::One(fd) => {
            let as_fd = impl_as_fd(&model.owner, fd);
            let has_interest = impl_has_interest(&model.owner, fd);
            quote!(#as_fd #has_interest)
        }
        Fds::Several(several) => ports::emit_impls(&model.owner, several),
    }
}

fn impl_as_fd(owner: &Owner<'_>, fd: &Fd<'_>) -> TokenStream {
    let (name, field, ty) = (owner.ident, fd.ident, fd.ty);
    let (generics, arguments, bounds) = owner.generics.split_for_impl();
    let (as_fd, borrowed) = (std_fd("AsFd"), std_fd("BorrowedFd"));
    let value = if mentions_parameter(ty, owner.generics) {
        // Here rustc says which bound is missing where, and that has to be one which users know.
        quote_spanned!(at(ty)=> <#ty as #as_fd>::as_fd(&self.#field))
    } else {
        let fd_field = owner.root.fd_field(at(ty));
        quote_spanned!(at(ty)=> <#ty as #fd_field<_>>::borrow_fd(&self.#field))
    };
    quote_spanned! {generated()=>
        #[automatically_derived]
        impl #generics #as_fd for #name #arguments #bounds {
            #[inline]
            fn as_fd(&self) -> #borrowed<'_> {
                #value
            }
        }
    }
}

fn mentions_parameter(ty: &Type, generics: &Generics) -> bool {
    fn search(tokens: TokenStream, generics: &Generics) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => generics.type_params().any(|it| it.ident == name),
            TokenTree::Group(group) => search(group.stream(), generics),
            _ => false,
        })
    }
    search(ty.to_token_stream(), generics)
}

/// `HasInterest`, by way of `KnownInterest` if it is written in words: then `#[handler]` can ask for it.
fn impl_has_interest(owner: &Owner<'_>, fd: &Fd<'_>) -> TokenStream {
    let (root, name) = (&owner.root, owner.ident);
    let (generics, arguments, bounds) = owner.generics.split_for_impl();
    let interest = root.interest_type(generated());
    let value = emit_interest(root, &fd.interest);
    if let Interest::Plain(_) | Interest::Exclusive(_) = &fd.interest {
        let known_interest = root.known_interest(generated());
        return quote_spanned! {generated()=>
            #[automatically_derived]
            impl #generics #known_interest for #name #arguments #bounds {
                const INTEREST: #interest = #value;
            }
        };
    }
    let has_interest = root.has_interest(generated());
    quote_spanned! {generated()=>
        #[automatically_derived]
        impl #generics #has_interest for #name #arguments #bounds {
            #[inline]
            fn interest(&self) -> #interest {
                #value
            }
        }
    }
}

/// An interest as an expression.
pub(super) fn emit_interest(root: &Root, interest: &Interest) -> TokenStream {
    let span = generated();
    match interest {
        Interest::Plain(flags) => {
            let start = root.interest_fn(span);
            quote_spanned!(span=> #start() #(.#flags())*)
        }
        Interest::Exclusive(flags) => {
            let (start, convert) = (root.exclusive_fn(span), root.exclusive_interest(span));
            quote_spanned!(span=> #convert(#start() #(.#flags())*))
        }
        Interest::Doorbell => {
            let doorbell = root.doorbell_fn(span);
            quote_spanned!(span=> #doorbell())
        }
        Interest::Const(expr) => {
            let convert = root.interest_from(at(expr));
            // With the user's own span, so that rustc does not explain where the macro comes from.
            let here = expr.clone().into_iter().next().map_or(span, |token| token.span());
            let value = block(expr, here);
            let value = quote_spanned!(here=> const #value);
            quote_spanned!(at(expr)=> #convert::into_interest(#value))
        }
    }
}

/// The expression in braces, unless it has them already.
fn block(expr: &TokenStream, span: Span) -> TokenTree {
    let mut expr_tokens = expr.clone().into_iter();
    match (expr_tokens.next(), expr_tokens.next()) {
        (Some(only), None) if tokens::as_group(Some(&only), Delimiter::Brace).is_some() => only,
        _ => {
            let mut group = Group::new(Delimiter::Brace, expr.clone());
            group.set_span(span);
            group.into()
        }
    }
}
