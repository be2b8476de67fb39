//! Looks at items as plain tokens, before and instead of parsing them.
//!
//! In comes the item an attribute stands on, out go the places of its keyword, its attributes and its body. What must stay true:
//! no body is opened. Parsing bodies would cost the most and help nobody: it fails on half-typed code, where rustc has the
//! better message.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// The tokens one by one, with the invisible groups around what a `macro_rules!` passed on opened at the start of an item.
pub(crate) fn flatten(tokens: TokenStream) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    let mut at_start = true;
    for token in tokens {
        match token {
            TokenTree::Group(group) if at_start && group.delimiter() == Delimiter::None => {
                flat.extend(flatten(group.stream()));
            }
            token => {
                at_start = at_item_start(&token);
                flat.push(token);
            }
        }
    }
    flat
}

/// Whether an item, or what stands before its keyword, can follow `token`.
fn at_item_start(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => {
            matches!(group.delimiter(), Delimiter::Brace | Delimiter::Bracket)
        }
        _ => false,
    }
}

pub(crate) fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

pub(crate) fn as_ident(token: Option<&TokenTree>) -> Option<&Ident> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    }
}

pub(crate) fn as_group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// A block, also one that a `macro_rules!` passed on as `$body:block`.
pub(crate) fn is_block(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => {
            let mut inner = group.stream().into_iter();
            matches!((inner.next(), inner.next()), (Some(token), None) if is_block(&token))
        }
        _ => false,
    }
}

/// How many of the first tokens are one attribute: `#[..]` or `#![..]`.
pub(crate) fn attribute_len(tokens: &[TokenTree]) -> Option<usize> {
    let bang = usize::from(is_punct(tokens.get(1), '!'));
    let is_attribute = is_punct(tokens.first(), '#')
        && as_group(tokens.get(1 + bang), Delimiter::Bracket).is_some();
    is_attribute.then_some(2 + bang)
}

/// The name of an attribute whose name is one word: `on` of `#[on(..)]`.
pub(crate) fn attribute_name(attribute: &[TokenTree]) -> Option<Ident> {
    let inside = as_group(attribute.last(), Delimiter::Bracket)?.stream();
    let mut inside = inside.into_iter();
    let name = as_ident(inside.next().as_ref())?.clone();
    (!is_punct(inside.next().as_ref(), ':')).then_some(name)
}

/// The place of the word that says what kind of item it is.
pub(crate) fn keyword_index(tokens: &[TokenTree]) -> Option<usize> {
    let mut at = 0;
    while let Some(len) = attribute_len(&tokens[at..]) {
        at += len;
    }
    loop {
        let word = as_ident(tokens.get(at))?.to_string();
        let next = as_ident(tokens.get(at + 1)).map(Ident::to_string);
        let next = next.as_deref();
        match word.as_str() {
            "pub" => at += 1 + usize::from(is_parenthesized(tokens.get(at + 1))),
            "const" if matches!(next, Some("fn" | "async" | "unsafe" | "extern")) => at += 1,
            "async" | "unsafe" => at += 1,
            "default" | "safe" | "auto" if next.is_some() => at += 1,
            "extern" if matches!(tokens.get(at + 1), Some(TokenTree::Literal(_))) => at += 2,
            "extern" if next == Some("fn") => at += 1,
            _ => return Some(at),
        }
    }
}

fn is_parenthesized(token: Option<&TokenTree>) -> bool {
    as_group(token, Delimiter::Parenthesis).is_some()
}

/// The place of a function's body among the tokens from `fn` on.
///
/// A block can also be a const argument, but then `>`, `,` or `=` follows.
pub(crate) fn body_index(tokens: &[TokenTree]) -> Option<usize> {
    (0..tokens.len())
        .take_while(|&at| !is_punct(tokens.get(at), ';'))
        .find(|&at| is_block(&tokens[at]) && !continues_type(tokens.get(at + 1)))
}

fn continues_type(token: Option<&TokenTree>) -> bool {
    ['>', ',', '='].into_iter().any(|punct| is_punct(token, punct))
}

/// Whether the lifetime tick starts here, and with which name.
pub(crate) fn lifetime_name(tokens: &[TokenTree]) -> Option<&Ident> {
    match tokens {
        [TokenTree::Punct(tick), TokenTree::Ident(name), ..]
            if tick.as_char() == '\'' && tick.spacing() == Spacing::Joint =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// The group with other contents between the same delimiters.
pub(crate) fn refill(group: &Group, contents: TokenStream) -> Group {
    let mut refilled = Group::new(group.delimiter(), contents);
    refilled.set_span(group.span());
    refilled
}
