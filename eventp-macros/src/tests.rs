//! What the macros say about wrong programs, on every toolchain: the ui tests compare whole texts on one.

mod expansion;
mod half_typed;
mod handler;
mod places;
mod ports;
mod subscriber;

use proc_macro2::{Span, TokenStream, TokenTree};

/// The texts of the `compile_error!`s in an expansion.
fn errors_in(expansion: TokenStream) -> Vec<String> {
    spanned_errors_in(expansion).into_iter().map(|(text, _)| text).collect()
}

/// The same, each with the spans of the first and the last token that it points at.
fn spanned_errors_in(expansion: TokenStream) -> Vec<(String, [Span; 2])> {
    let mut errors = Vec::new();
    let mut first = None;
    for token in expansion {
        match (token, first) {
            (TokenTree::Ident(name), _) => {
                first = (name == "compile_error").then(|| name.span());
            }
            (TokenTree::Group(group), Some(start)) => {
                let text = syn::parse2::<syn::LitStr>(group.stream());
                errors.extend(text.map(|text| (text.value(), [start, group.span()])));
                first = None;
            }
            (TokenTree::Group(group), None) => errors.extend(spanned_errors_in(group.stream())),
            _ => {}
        }
    }
    errors
}

fn parse(source: &str) -> TokenStream {
    source.parse().expect("the test's own source is made of tokens")
}

/// Every message is one sentence fragment: it starts in lower case or with what the user typed, and has no full stop.
#[track_caller]
fn check_style(errors: &[String]) {
    for error in errors {
        let first = error.chars().next().unwrap_or(' ');
        assert!(first == '`' || first.is_lowercase(), "{error}");
        assert!(!error.ends_with('.'), "{error}");
    }
}

/// The number that stands for events in an expansion, by their names.
fn mask(events: &str) -> String {
    let bit = |event| match event {
        "READABLE" => 0x1,
        "PRIORITY" => 0x2,
        "WRITABLE" => 0x4,
        "ERROR" => 0x8,
        "HANGUP" => 0x10,
        "READ_CLOSED" => 0x2000,
        _ => unreachable!("{event}"),
    };
    events.split_whitespace().map(bit).sum::<u32>().to_string()
}
