//! After an error: stand-ins, so that what uses the struct is not wrong as well.
//!
//! In comes the syntax, however wrong, out go an `AsFd` and a `HasInterest` that only type-check. The struct itself stays,
//! because a derive stands beside its item.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::model;
use super::parse::Syntax;
use crate::paths::{generated, never, std_fd};

/// `AsFd` and `HasInterest` for the type, with bodies that are never run.
pub(crate) fn emit_stubs(syntax: &Syntax) -> TokenStream {
    if syntax.attributes.len() > 1 {
        // The first `#[subscriber]` has written them.
        return TokenStream::new();
    }
    let root = model::root(syntax);
    let name = &syntax.ident;
    let (generics, arguments, bounds) = syntax.generics.split_for_impl();
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
