//! The model to tokens, for several fds: `Ports`, and the constants.
//!
//! In comes a legal model, out goes code. What must stay true: everything stands in one `const _`, so that of all that is written only
//! the constants can be named.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Generics, Type, TypePath, Visibility};

use super::codegen::emit_interest;
use super::constants::Constant;
use super::fields::{Access, Fd};
use super::interest;
use super::model::Ports;
use crate::paths::{Root, at, generated, std_fd};

/// Whose impls are written.
pub(crate) struct Owner<'a> {
    pub(crate) root: Root,
    pub(crate) vis: &'a Visibility,
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
}

/// What differs between a right struct and a wrong one.
pub(super) struct Bodies {
    /// What any of the fds asks for, as far as that is known.
    pub(super) asks: u32,
    pub(super) fields: TokenStream,
    pub(super) ports: TokenStream,
    pub(super) call: TokenStream,
}

/// `Ports` and the constants.
pub(super) fn emit_impls(owner: &Owner<'_>, ports: &Ports<'_>) -> TokenStream {
    let span = generated();
    let root = &owner.root;
    let numbers = || (0..ports.fds.len()).map(Literal::usize_unsuffixed);
    let fields = ports.fds.iter().map(|fd| emit_field(owner, fd));
    let fds = ports.fds.iter().map(|fd| emit_each(owner, fd));
    let (port_call, number, each_number) = (root.port_call(span), numbers(), numbers());
    let bodies = Bodies {
        asks: ports.fds.iter().fold(0, |asks, fd| asks | fd.interest.asks()),
        fields: quote!(#(#fields),*),
        ports: quote_spanned! {span=>
            match field {
                #(#each_number => #fds,)*
                _ => {}
            }
            ::core::result::Result::Ok(())
        },
        call: quote_spanned! {span=>
            ::core::option::Option::Some(match field {
                #(#number => #port_call::of_field::<#number>(),)*
                _ => return ::core::option::Option::None,
            })
        },
    };
    emit_all(owner, &ports.constants, &bodies)
}

/// Everything around the bodies.
pub(super) fn emit_all(owner: &Owner<'_>, constants: &[Constant], bodies: &Bodies) -> TokenStream {
    let span = generated();
    let Owner { root, vis, ident, .. } = owner;
    let (generics, arguments, bounds) = owner.generics.split_for_impl();
    let named_ports = impl_named_ports(owner);
    let static_bounds = emit_static_bounds(owner);
    let (ports, field, each) = (root.ports(span), root.field(span), root.each(span));
    let (port_call, subscriber, reactor) =
        (root.port_call(span), root.subscriber(span), root.reactor(span));
    let constants = constants.iter().map(|constant| emit_constant(root, vis, constant));
    let Bodies { fields, ports: ports_body, call, .. } = bodies;
    let (asks_trait, asks) = (root.asks(span), Literal::u32_unsuffixed(bodies.asks));
    quote_spanned! {span=>
        const _: () = {
            #named_ports
            #[automatically_derived]
            impl #generics #asks_trait for #ident #arguments #bounds {
                const ASKS: u32 = #asks;
            }
            #[automatically_derived]
            impl #generics #ports for #ident #arguments
            #static_bounds
            {
                const ONE: bool = false;
                const FIELDS: &'static [#field] = &[#fields];
                type Struct = Self;
                fn ports(&self, field: usize, each: #each<'_>) -> ::std::io::Result<()> {
                    #ports_body
                }
                fn call<__W, __S>(field: usize) -> ::core::option::Option<#port_call<__W, __S>>
                where
                    __W: #subscriber<#reactor<__S>>,
                {
                    #call
                }
            }
            #[automatically_derived]
            #[allow(dead_code)]
            impl #generics #ident #arguments #bounds {
                #(#constants)*
            }
        };
    }
}

/// The user's bounds, and that nothing is borrowed.
fn emit_static_bounds(owner: &Owner<'_>) -> TokenStream {
    let (_, _, bounds) = owner.generics.split_for_impl();
    let predicates = bounds.iter().flat_map(|bounds| &bounds.predicates);
    let parameters = owner.generics.type_params().map(|parameter| &parameter.ident);
    quote_spanned!(generated()=> where #(#predicates,)* #(#parameters: 'static,)*)
}

/// That `#[on(..)]` can choose among the fds.
fn impl_named_ports(owner: &Owner<'_>) -> TokenStream {
    // The impl has the user's own span: rustc shows it beside a type that has none, and then as the struct.
    let here = owner.ident.span();
    let (root, ident) = (&owner.root, owner.ident);
    let (generics, arguments, _) = owner.generics.split_for_impl();
    let static_bounds = emit_static_bounds(owner);
    let (named_ports, ports, field) = (root.named_ports(here), root.ports(here), root.field(here));
    quote_spanned! {here=>
        #[automatically_derived]
        impl #generics #named_ports for #ident #arguments
        #static_bounds
        {
            type Struct = Self;
            const FIELDS: &'static [#field] = <Self as #ports>::FIELDS;
        }
    }
}

/// The item has the user's span, so that another of that name is an error there; its type has not, lest lints look at it.
fn emit_constant(root: &Root, vis: &Visibility, constant: &Constant) -> TokenStream {
    let span = generated();
    let Constant { ident, doc, fields } = constant;
    let here = ident.span();
    let (port_set, fields) = (root.port_set(span), Literal::u64_unsuffixed(*fields));
    let vis = vis.to_token_stream().into_iter().map(|mut token| {
        token.set_span(here);
        token
    });
    let ty = quote_spanned!(span=> #port_set<Self>);
    let value = quote_spanned!(span=> #port_set::of_fields(#fields));
    quote_spanned!(here=> #[doc = #doc] #(#vis)* const #ident: #ty = #value;)
}

fn emit_field(owner: &Owner<'_>, fd: &Fd<'_>) -> TokenStream {
    let span = generated();
    let field = owner.root.field(span);
    let name = fd.ident.unraw().to_string();
    let unhandled = format!("field `{name}` has no handler; add `#[on({})]` to a method", fd.ident);
    let unheard = interest::ASKING.map(|(flag, event)| {
        if !fd.interest.has(flag) {
            return String::new();
        }
        format!(
            "interest `{flag}` of field `{name}` has no handler; add `#[on({}, {event})]` to a method, or remove `{flag}` from the interest",
            fd.ident
        )
    });
    let armed = fd.group.is_none();
    let ports = match emit_fds(owner, fd) {
        Some(fds) => quote_spanned!(at(fd.ty)=> #fds::PORTS),
        None => quote!(1),
    };
    quote_spanned! {span=>
        #field { name: #name, ports: #ports, armed: #armed, unhandled: #unhandled, unheard: [#(#unheard),*] }
    }
}

/// Names the fds of a field, with its interest.
fn emit_each(owner: &Owner<'_>, fd: &Fd<'_>) -> TokenStream {
    let span = generated();
    let (name, ty, here) = (fd.ident, fd.ty, at(fd.ty));
    let interest = emit_interest(&owner.root, &fd.interest);
    if let Some(fds) = emit_fds(owner, fd) {
        let each = quote_spanned!(here=> #fds::each);
        return quote_spanned!(span=> #each(&self.#name, &mut |fd| each(fd, #interest)));
    }
    let (as_fd, as_raw_fd, borrowed) = (std_fd("AsFd"), std_fd("AsRawFd"), std_fd("BorrowedFd"));
    match &fd.access {
        Access::AsFd => {
            let fd = quote_spanned!(here=> <#ty as #as_fd>::as_fd(&self.#name));
            quote_spanned!(span=> each(#as_raw_fd::as_raw_fd(&#fd), #interest))
        }
        Access::AsRawFd => {
            let fd = quote_spanned!(here=> <#ty as #as_raw_fd>::as_raw_fd(&self.#name));
            quote_spanned!(span=> each(#fd, #interest))
        }
        Access::With(path) => {
            let function = quote_spanned!(here=> for<'a> fn(&'a #ty) -> #borrowed<'a>);
            quote_spanned! {span=> {
                let with: #function = #path;
                each(#as_raw_fd::as_raw_fd(&with(&self.#name)), #interest)
            }}
        }
    }
}

/// `<T as Fds<_>>`, or `RawFds`; `None` if it is one fd for sure.
fn emit_fds(owner: &Owner<'_>, fd: &Fd<'_>) -> Option<TokenStream> {
    let (ty, here) = (fd.ty, at(fd.ty));
    if is_parameter(ty, owner.generics) {
        // Rustc says which bound is missing, and that has to be one which users know.
        return None;
    }
    let fds = match fd.access {
        Access::AsFd => owner.root.fds(here),
        Access::AsRawFd => owner.root.raw_fds(here),
        Access::With(_) => return None,
    };
    Some(quote_spanned!(here=> <#ty as #fds<_>>))
}

/// Whether the type is a parameter.
fn is_parameter(ty: &Type, generics: &Generics) -> bool {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return false };
    generics.type_params().any(|parameter| path.is_ident(&parameter.ident))
}
