//! Tokens to syntax: an `impl` with its methods, or a function.
//!
//! In comes the item, out goes what of it was parsed, beside the item's tokens without the marks that are ours. What must
//! stay true: the item is emitted from its own tokens, not from syntax, and no body is opened; only methods that can be
//! handlers have their signature parsed.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, ItemImpl, Signature, Visibility};

use crate::args;
use crate::diag::Diag;
use crate::paths::Root;
use crate::spell::spell;
use crate::tokens::{self, as_group, as_ident};

/// What `#[handler]` stands on.
pub(crate) enum Item {
    Impl(Box<ImplSyntax>),
    Function(Box<FunctionSyntax>),
    /// Something else, or something that cannot be parsed; the error is reported.
    Other(TokenStream),
}

/// An inherent `impl`.
pub(crate) struct ImplSyntax {
    /// Its head, parsed, without members.
    pub(crate) head: ItemImpl,
    /// Its head as it was written.
    pub(crate) head_tokens: TokenStream,
    pub(crate) braces: Group,
    pub(crate) members: Vec<Member>,
}

/// A member of an `impl`.
pub(crate) struct Member {
    /// As it was written, without `#[on(..)]`.
    pub(crate) tokens: TokenStream,
    pub(crate) method: Method,
}

/// Whether a member is a handler.
pub(crate) enum Method {
    /// It has nothing to do with us.
    No,
    /// It is one.
    Handler(Box<MethodSyntax>),
    /// It would be one, but it cannot be parsed; the error is reported.
    Broken,
}

/// A method that is marked with `#[on(..)]` or called `handle`.
pub(crate) struct MethodSyntax {
    pub(crate) on: Vec<OnSyntax>,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) sig: Signature,
    /// Its tokens.
    pub(crate) written: TokenStream,
}

/// `#[on(..)]`.
pub(crate) struct OnSyntax {
    pub(crate) attribute: TokenStream,
    /// What stands between the parentheses.
    pub(crate) args: Option<TokenStream>,
}

/// A free function.
pub(crate) struct FunctionSyntax {
    /// As it was written, without `#[state]`.
    pub(crate) item: TokenStream,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// Its tokens, and those before it.
    pub(crate) written: TokenStream,
}

/// The arguments of `#[handler]`: nothing but `crate = path`.
pub(crate) fn parse_root(args: TokenStream, diag: &mut Diag) -> Root {
    let mut root = None;
    for arg in args::parse_args(args, diag).list {
        let key = arg.key.to_string();
        if key == "crate" {
            root = args::lower_root(&arg, diag);
        } else {
            diag.error(
                &arg,
                format!("unknown argument `{key}`; `#[handler]` takes `crate = path` or nothing, events go into `#[on(..)]` on a method"),
            );
        }
    }
    root.unwrap_or_default()
}

/// Parses the item.
pub(crate) fn parse_item(item: TokenStream, diag: &mut Diag) -> Item {
    let flat = tokens::flatten(item);
    let keyword = tokens::keyword_index(&flat);
    match keyword.and_then(|at| Some((at, as_ident(flat.get(at))?.clone()))) {
        Some((_, word)) if word == "impl" => parse_impl(flat, diag),
        Some((at, word)) if word == "fn" => parse_function(flat, at, diag),
        other => {
            let message = "`#[handler]` may only be used on an inherent `impl` or a function";
            let item: TokenStream = flat.into_iter().collect();
            match other {
                Some((_, word)) => diag.error(word, message),
                None => diag.error(&item, message),
            }
            Item::Other(item)
        }
    }
}

fn parse_impl(mut flat: Vec<TokenTree>, diag: &mut Diag) -> Item {
    let Some(braces) = as_group(flat.last(), Delimiter::Brace).cloned() else {
        // Half an `impl`: rustc says what is missing.
        return Item::Other(flat.into_iter().collect());
    };
    flat.pop();
    let head_tokens: TokenStream = flat.into_iter().collect();
    let members = parse_members(&braces, diag);
    let head = syn::parse2::<ItemImpl>(quote!(#head_tokens {}));
    let contents = members.iter().map(|member| &member.tokens);
    let body = tokens::refill(&braces, quote!(#(#contents)*));
    match head {
        Ok(head) if head.trait_.is_none() => {
            Item::Impl(Box::new(ImplSyntax { head, head_tokens, braces, members }))
        }
        Ok(head) => {
            let path = head.trait_.map(|(path, _)| path);
            diag.error(
                &path,
                format!(
                    "`#[handler]` may only be used on an inherent `impl`; remove `{} for`, or the attribute",
                    spell(&path)
                ),
            );
            Item::Other(quote!(#head_tokens #body))
        }
        Err(error) => {
            diag.push(error);
            Item::Other(quote!(#head_tokens #body))
        }
    }
}

fn parse_members(braces: &Group, diag: &mut Diag) -> Vec<Member> {
    let flat = tokens::flatten(braces.stream());
    let mut rest = flat.as_slice();
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (member, after) = rest.split_at(member_len(rest));
        members.push(parse_member(member, diag));
        rest = after;
    }
    members
}

/// How many of the first tokens are one member.
fn member_len(rest: &[TokenTree]) -> usize {
    let keyword = tokens::keyword_index(rest).unwrap_or(0);
    let word = as_ident(rest.get(keyword)).map(Ident::to_string).unwrap_or_default();
    let is_end = |token: &TokenTree| tokens::is_punct(Some(token), ';');
    let semicolon = || rest.iter().position(is_end);
    let end = match word.as_str() {
        "fn" => tokens::body_index(&rest[keyword..]).map(|at| keyword + at).or_else(semicolon),
        "const" | "type" | "static" => semicolon(),
        _ => rest.iter().position(|token| is_end(token) || tokens::is_block(token)),
    };
    end.map_or(rest.len(), |at| at + 1)
}

fn parse_member(member: &[TokenTree], diag: &mut Diag) -> Member {
    let mut kept = Vec::new();
    let mut on = Vec::new();
    let mut rest = member;
    while let Some(len) = tokens::attribute_len(rest) {
        let (attribute, after) = rest.split_at(len);
        match tokens::attribute_name(attribute) {
            Some(name) if name == "on" => on.push(parse_on(attribute)),
            Some(name) if name == "handler" => diag.error(
                name,
                "`#[handler]` may only be used on the whole `impl`; mark the method with `#[on(..)]`",
            ),
            _ => kept.extend_from_slice(attribute),
        }
        rest = after;
    }
    kept.extend_from_slice(rest);
    let method = parse_method(on, &kept, diag);
    Member { tokens: kept.into_iter().collect(), method }
}

fn parse_on(attribute: &[TokenTree]) -> OnSyntax {
    let inside = as_group(attribute.last(), Delimiter::Bracket).map(Group::stream);
    let args = inside.and_then(|inside| {
        as_group(inside.into_iter().nth(1).as_ref(), Delimiter::Parenthesis).map(Group::stream)
    });
    OnSyntax { attribute: attribute.iter().cloned().collect(), args }
}

fn parse_method(on: Vec<OnSyntax>, member: &[TokenTree], diag: &mut Diag) -> Method {
    let Some(keyword) = tokens::keyword_index(member) else { return Method::No };
    let is_function = as_ident(member.get(keyword)).is_some_and(|word| word == "fn");
    let is_handle = as_ident(member.get(keyword + 1)).is_some_and(|name| name == "handle");
    if !is_function {
        for on in on {
            diag.error(&on.attribute, "`#[on(..)]` may only be used on a method");
        }
        return Method::No;
    }
    if on.is_empty() && !is_handle {
        return Method::No;
    }
    match parse_signature(member, keyword) {
        Ok((Head { attrs, sig, .. }, written)) => {
            Method::Handler(Box::new(MethodSyntax { on, attrs, sig, written }))
        }
        Err(error) => {
            diag.push(error);
            Method::Broken
        }
    }
}

/// Everything of a function before its body.
struct Head {
    attrs: Vec<Attribute>,
    vis: Visibility,
    sig: Signature,
}

impl Parse for Head {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_inner)?;
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
        })
    }
}

fn parse_signature(function: &[TokenTree], keyword: usize) -> syn::Result<(Head, TokenStream)> {
    let body = tokens::body_index(&function[keyword..]).map(|at| keyword + at);
    let is_end = |token: &TokenTree| tokens::is_punct(Some(token), ';');
    let end = body.or_else(|| function.iter().position(is_end)).unwrap_or(function.len());
    let written: TokenStream = function[..end].iter().cloned().collect();
    Ok((syn::parse2(written.clone())?, written))
}

fn parse_function(flat: Vec<TokenTree>, keyword: usize, diag: &mut Diag) -> Item {
    let head = parse_signature(&flat, keyword);
    let item = without_state_marks(flat, keyword);
    let (Head { attrs, vis, sig }, written) = match head {
        Ok(head) => head,
        Err(error) => {
            diag.push(error);
            return Item::Other(item);
        }
    };
    if let Some(receiver) = sig.receiver() {
        diag.error(
            receiver,
            "`#[handler]` may not be used on a method; put it on the `impl`, and mark the method with `#[on(..)]`",
        );
        return Item::Other(item);
    }
    Item::Function(Box::new(FunctionSyntax { item, attrs, vis, sig, written }))
}

/// The function with the `#[state]`s taken from its parameters: rustc does not know them.
fn without_state_marks(mut flat: Vec<TokenTree>, keyword: usize) -> TokenStream {
    let parameters = flat[keyword..].iter_mut().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    });
    if let Some(parameters) = parameters {
        if let Some(stripped) = strip_state_marks(parameters) {
            *parameters = tokens::refill(parameters, stripped);
        }
    }
    flat.into_iter().collect()
}

fn is_state_mark(tokens: &[TokenTree]) -> bool {
    tokens::attribute_len(tokens) == Some(2)
        && tokens::attribute_name(&tokens[..2]).is_some_and(|name| name == "state")
}

/// The parameters without marks, if there is one.
fn strip_state_marks(parameters: &Group) -> Option<TokenStream> {
    let mut inside: Vec<_> = parameters.stream().into_iter().collect();
    let before = inside.len();
    let mut at = 0;
    while at < inside.len() {
        if tokens::is_punct(inside.get(at), '#') && is_state_mark(&inside[at..]) {
            inside.drain(at..at + 2);
        } else {
            at += 1;
        }
    }
    (inside.len() < before).then(|| inside.into_iter().collect())
}
