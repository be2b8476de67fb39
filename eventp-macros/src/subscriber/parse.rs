//! Tokens to syntax, for the attribute and for the derive behind it.
//!
//! In comes the item, out goes a struct with its attributes sorted. What must stay true: nothing is judged here but what kind
//! of item it is, and the attribute passes the struct on as it is, token by token.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Generics, Ident, Meta, Visibility};

use crate::args::{self, Args};
use crate::diag::Diag;
use crate::paths::Root;
use crate::tokens;

/// What the derive is given.
pub(crate) struct Syntax {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) shape: Shape,
    /// The arguments of each `#[subscriber]`, as the helper attribute has them.
    pub(crate) attributes: Vec<Options>,
}

/// What follows the name.
pub(crate) enum Shape {
    Struct(Vec<FieldSyntax>),
    /// A tuple struct or a unit struct; the tokens are what shows it.
    Nameless(&'static str, TokenStream),
    /// An enum or a union, with its keyword.
    NoStruct(&'static str, TokenStream),
}

/// A field and its `#[fd]`s.
pub(crate) struct FieldSyntax {
    pub(crate) field: Field,
    pub(crate) fds: Vec<Options>,
}

/// An attribute of ours with its arguments.
pub(crate) struct Options {
    pub(crate) attribute: Attribute,
    pub(crate) args: Args,
}

/// The item of `#[subscriber]`, or, if the derive cannot stand on it, the item with the error reported.
pub(crate) fn parse_item(item: TokenStream, diag: &mut Diag) -> Result<TokenStream, TokenStream> {
    let flat = tokens::flatten(item.clone());
    let keyword = tokens::keyword_index(&flat).and_then(|at| tokens::as_ident(flat.get(at)));
    match keyword {
        Some(word) if *word == "struct" || *word == "enum" || *word == "union" => {
            Ok(flat.into_iter().collect())
        }
        Some(word) => {
            diag.error(word, "`#[subscriber]` may only be used on a struct");
            Err(item)
        }
        None => {
            diag.error(&item, "`#[subscriber]` may only be used on a struct");
            Err(item)
        }
    }
}

/// The `crate = path` among the arguments. Errors are left to the derive, which reads the same arguments.
pub(crate) fn find_root(args: &TokenStream) -> Root {
    let mut unheard = Diag::default();
    let args = args::parse_args(args.clone(), &mut unheard);
    let path = args.list.iter().find(|arg| arg.key == "crate");
    path.and_then(|arg| args::lower_root(arg, &mut unheard)).unwrap_or_default()
}

/// The item of the derive.
pub(crate) fn parse_struct(item: TokenStream, diag: &mut Diag) -> Option<Syntax> {
    let DeriveInput { attrs, vis, ident, generics, data } = diag.ok(syn::parse2(item))?;
    let attributes = parse_options(&attrs, "__eventp", diag);
    let shape = match data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) => {
                let fields = fields.named.into_iter();
                Shape::Struct(fields.map(|field| parse_field(field, diag)).collect())
            }
            Fields::Unnamed(fields) => Shape::Nameless("tuple", fields.to_token_stream()),
            Fields::Unit => Shape::Nameless("unit", ident.to_token_stream()),
        },
        Data::Enum(data) => Shape::NoStruct("enum", data.enum_token.to_token_stream()),
        Data::Union(data) => Shape::NoStruct("union", data.union_token.to_token_stream()),
    };
    Some(Syntax { vis, ident, generics, shape, attributes })
}

fn parse_field(field: Field, diag: &mut Diag) -> FieldSyntax {
    let fds = parse_options(&field.attrs, "fd", diag);
    FieldSyntax { field, fds }
}

/// Whether it is `#[name]`, or `#[rustfmt::name]` as [`super::codegen`] writes it.
fn is_named(attribute: &Attribute, name: &str) -> bool {
    let path = attribute.path();
    path.is_ident(name)
        || path.segments.len() == 2
            && path.segments[0].ident == "rustfmt"
            && path.segments[1].ident == name
}

fn parse_options(attrs: &[Attribute], name: &str, diag: &mut Diag) -> Vec<Options> {
    let ours = attrs.iter().filter(|attribute| is_named(attribute, name));
    ours.map(|attribute| {
        let args = match &attribute.meta {
            Meta::Path(_) => Args::default(),
            Meta::List(list) => args::parse_args(list.tokens.clone(), diag),
            Meta::NameValue(_) => {
                diag.error(attribute, format!("expected `#[{name}]` or `#[{name}(..)]`"));
                Args { is_broken: true, ..Args::default() }
            }
        };
        Options { attribute: attribute.clone(), args }
    })
    .collect()
}
