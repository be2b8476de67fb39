//! After an error: stand-ins, so that what uses the struct is not wrong as well.
//!
//! In comes the syntax, however wrong, out goes what a right struct would get, except that it only type-checks. The struct itself stays,
//! because a derive stands beside its item.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::constants::{self, Constant};
use super::fields::{self, Marked};
use super::model;
use super::parse::{Shape, Syntax};
use super::ports::{self, Bodies, Owner};
use crate::paths::{generated, never, std_fd};

/// The impls for the type, with bodies that are never run.
pub(crate) fn emit_stubs(syntax: &Syntax) -> TokenStream {
    if syntax.attributes.len() > 1 {
        // The first `#[subscriber]` has written them.
        return TokenStream::new();
    }
    let owner = Owner {
        root: model::root(syntax),
        vis: &syntax.vis,
        ident: &syntax.ident,
        generics: &syntax.generics,
    };
    let marked = match &syntax.shape {
        Shape::Struct(fields) => fields::marked(fields),
        _ => Vec::new(),
    };
    // What borrows cannot have ports.
    let is_static = syntax.generics.lifetimes().next().is_none();
    if is_static && fields::are_several(&marked) {
        emit_several(&owner, &marked)
    } else {
        emit_one(&owner)
    }
}

fn emit_one(owner: &Owner<'_>) -> TokenStream {
    let (root, name) = (&owner.root, owner.ident);
    let (generics, arguments, bounds) = owner.generics.split_for_impl();
    let (as_fd, borrowed) = (std_fd("AsFd"), std_fd("BorrowedFd"));
    let (has_interest, interest) =
        (root.has_interest(generated()), root.interest_type(generated()));
    let never = never();
    quote_spanned! {generated()=>
        #[automatically_derived]
        impl #generics #as_fd for #name #arguments #bounds {
            fn as_fd(&self) -> #borrowed<'_> {
                #never
            }
        }
        #[automatically_derived]
        impl #generics #has_interest for #name #arguments #bounds {
            fn interest(&self) -> #interest {
                #never
            }
        }
    }
}

/// With the constants, and no field that somebody has to handle.
fn emit_several(owner: &Owner<'_>, marked: &[Marked<'_>]) -> TokenStream {
    let constants = constants::names(marked).into_iter();
    let constants: Vec<_> = constants
        .map(|ident| Constant { ident, doc: "A stand-in.".to_owned(), fields: 0 })
        .collect();
    let bodies = Bodies { asks: 0, fields: TokenStream::new(), ports: never(), call: never() };
    ports::emit_all(owner, &constants, &bodies)
}
