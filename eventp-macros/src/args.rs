//! Option lists: `key`, `key = value`, separated by commas.
//!
//! In come the tokens between an attribute's parentheses, out go keys with the tokens of their values. What the keys mean
//! is the model's business. What must stay true: a list that is being typed gives what is there already.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, Path, Token};

use crate::diag::Diag;
use crate::paths::Root;

/// One option.
pub(crate) struct Arg {
    pub(crate) key: Ident,
    /// What stands after `=`, or what follows the key without one.
    pub(crate) value: Option<TokenStream>,
}

impl ToTokens for Arg {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.key.to_tokens(tokens);
        self.value.to_tokens(tokens);
    }
}

/// An option list.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) list: Vec<Arg>,
    /// Whether there was something in it that is not an option, so that nobody knows what is missing.
    pub(crate) is_broken: bool,
}

/// Parses an option list; what cannot be parsed is reported and left out.
pub(crate) fn parse_args(tokens: TokenStream, diag: &mut Diag) -> Args {
    let mut list = Vec::new();
    let result = (|input: ParseStream<'_>| {
        while !input.is_empty() {
            list.push(parse_arg(input)?);
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        Ok(())
    })
    .parse2(tokens);
    let is_broken = diag.ok(result).is_none();
    Args { list, is_broken }
}

fn parse_arg(input: ParseStream<'_>) -> syn::Result<Arg> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected an option such as `interest = read`"));
    }
    let key = input.call(Ident::parse_any)?;
    let has_value = input.parse::<Option<Token![=]>>()?.is_some();
    let value = parse_value(input)?;
    Ok(Arg { key, value: (has_value || !value.is_empty()).then_some(value) })
}

/// Everything up to the next comma; after `const` an expression, which may have commas of its own.
fn parse_value(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut value = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if value.is_empty() && input.peek(Token![const]) {
            input.parse::<Token![const]>()?.to_tokens(&mut value);
            if !input.is_empty() {
                input.parse::<syn::Expr>()?.to_tokens(&mut value);
            }
        } else {
            input.parse::<TokenTree>()?.to_tokens(&mut value);
        }
    }
    Ok(value)
}

/// The value of `crate = path`.
pub(crate) fn lower_root(arg: &Arg, diag: &mut Diag) -> Option<Root> {
    let tokens = arg.value.clone().unwrap_or_default();
    match Path::parse_mod_style.parse2(tokens) {
        Ok(path) => Some(Root::new(path)),
        Err(_) => {
            diag.error(arg, "expected the path of the `eventp` crate; write `crate = some::path`");
            None
        }
    }
}
