//! The names of generic parameters: which are taken, which are mentioned, and how to change one.
//!
//! In come tokens of the user's signatures. What must stay true: generic parameters have no hygiene, so a name that is made here
//! is not one that the user has.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics};

use crate::paths::generated;
use crate::tokens;

/// The names that the user's code may have taken: its text. To search that is a tenth of the work of looking at each token, in each build.
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn taken_in<'a>(written: impl Iterator<Item = &'a TokenStream>) -> Self {
        Self(written.map(|tokens| tokens.to_string()).collect())
    }

    /// `wanted`, which rustc may show, with underscores before it if it may be taken.
    pub(crate) fn free(&self, wanted: &str) -> Ident {
        let mut name = wanted.to_owned();
        while self.0.contains(&name) {
            name.insert_str(0, "__");
        }
        Ident::new(&name, generated())
    }
}

/// The lifetime parameters of `generics` that `used` mentions, and those that their bounds mention.
pub(crate) fn lifetimes_in<'a>(
    generics: &'a Generics,
    used: &TokenStream,
) -> Vec<&'a GenericParam> {
    let mut names = Vec::new();
    collect_lifetimes(used, &mut names);
    loop {
        let found: Vec<_> = generics
            .params
            .iter()
            .filter(
                |it| matches!(it, GenericParam::Lifetime(it) if names.contains(&it.lifetime.ident)),
            )
            .collect();
        let before = names.len();
        found
            .iter()
            .for_each(|parameter| collect_lifetimes(&parameter.to_token_stream(), &mut names));
        if names.len() == before {
            return found;
        }
    }
}

fn collect_lifetimes(used: &TokenStream, names: &mut Vec<Ident>) {
    let tokens: Vec<_> = used.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            collect_lifetimes(&group.stream(), names);
        }
        if let Some(name) = tokens::lifetime_name(&tokens[at..]) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
}

/// `tokens` with the generic parameter `from` called `to`.
pub(crate) fn rename(tokens: TokenStream, from: &Ident, to: &Ident) -> TokenStream {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut renamed = TokenStream::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_name = !tokens::is_punct(before, ':') || !is_path_separator(&tokens[..at]);
        match token {
            TokenTree::Ident(ident) if ident == from && is_name => to.to_tokens(&mut renamed),
            TokenTree::Group(group) => {
                tokens::refill(group, rename(group.stream(), from, to)).to_tokens(&mut renamed);
            }
            token => token.to_tokens(&mut renamed),
        }
    }
    renamed
}

/// Whether the tokens end in `::`.
fn is_path_separator(tokens: &[TokenTree]) -> bool {
    let [.., first, second] = tokens else { return false };
    tokens::is_punct(Some(first), ':') && tokens::is_punct(Some(second), ':')
}

/// Whether the name stands somewhere in the tokens.
pub(crate) fn mentions<Name: ?Sized>(tokens: &TokenStream, name: &Name) -> bool
where
    Ident: PartialEq<Name>,
{
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

/// Whether a type mentions an `impl` or a generic parameter, so that it means nothing outside its signature.
pub(crate) fn depends_on_signature(ty: &TokenStream, generics: &Generics) -> bool {
    let mut names = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(it) => &it.lifetime.ident,
        GenericParam::Type(it) => &it.ident,
        GenericParam::Const(it) => &it.ident,
    });
    mentions(ty, "impl") || names.any(|name| mentions(ty, name))
}
