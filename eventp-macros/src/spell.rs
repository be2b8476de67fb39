//! Tokens as text, with the spaces that people put between them.
//!
//! In come tokens of the user, out goes what an error says of them. The text that `proc_macro` makes of a stream is not promised
//! to look like anything, and differs between the compiler and tests.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// Spells tokens.
pub(crate) fn spell(tokens: &impl ToTokens) -> String {
    spell_stream(tokens.to_token_stream())
}

fn spell_stream(tokens: TokenStream) -> String {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && has_space(&tokens[..at], token) {
            text.push(' ');
        }
        match token {
            TokenTree::Group(group) => text.push_str(&spell_group(group)),
            token => text.push_str(&token.to_string()),
        }
    }
    text
}

fn spell_group(group: &Group) -> String {
    let inside = spell_stream(group.stream());
    match group.delimiter() {
        Delimiter::Parenthesis => format!("({inside})"),
        Delimiter::Bracket => format!("[{inside}]"),
        Delimiter::Brace => format!("{{ {inside} }}"),
        Delimiter::None => inside,
    }
}

/// Whether there is a space between what stands `before` and `token`.
fn has_space(before: &[TokenTree], token: &TokenTree) -> bool {
    let Some((last, earlier)) = before.split_last() else { return false };
    match (last, token) {
        (TokenTree::Punct(a), _) if matches!(a.as_char(), ',' | ';' | '=' | '+' | '|') => true,
        (TokenTree::Punct(a), TokenTree::Punct(_)) if a.spacing() == Spacing::Joint => false,
        (_, TokenTree::Punct(b)) => {
            matches!(b.as_char(), '=' | '+' | '|' | '-' | '&' | '\'')
                && !matches!(last, TokenTree::Punct(a) if "&<:".contains(a.as_char()))
        }
        (_, TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => true,
        (TokenTree::Punct(a), TokenTree::Group(_)) => a.as_char() == '>',
        (TokenTree::Punct(a), _) => match a.as_char() {
            ':' => !ends_with_colon(earlier),
            '>' => true,
            _ => false,
        },
        (TokenTree::Ident(word), TokenTree::Group(_)) => {
            ["mut", "dyn", "impl", "const", "as", "for", "where"].iter().any(|it| word == it)
        }
        _ => true,
    }
}

fn ends_with_colon(tokens: &[TokenTree]) -> bool {
    matches!(tokens.last(), Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_spelled_as_people_write_them() {
        for source in [
            "&'a mut Server<'_, T>",
            "Pinned<'_, impl EventpOps<State = Server> + 'a>",
            "::std::vec::Vec<[u8; 4]>",
            "fn(u8, &str) -> (A, B)",
            "<T as a::Trait>::Out",
            "self: Box<Self>",
            "*const u8",
            "&mut self",
            "Server { hits, .. }",
            "interest().read()",
            "read | write",
        ] {
            let tokens: TokenStream = source.parse().expect("tokens");
            assert_eq!(spell(&tokens), source);
        }
    }
}
