//! What the macros say about wrong programs, on every toolchain: the ui tests compare whole texts on one.

mod half_typed;
mod handler;
mod ports;
mod subscriber;

use proc_macro2::{TokenStream, TokenTree};

/// The texts of the `compile_error!`s in an expansion.
fn errors_in(expansion: TokenStream) -> Vec<String> {
    let mut errors = Vec::new();
    let mut after_error = false;
    for token in expansion {
        match token {
            TokenTree::Ident(name) => after_error = name == "compile_error",
            TokenTree::Group(group) if after_error => {
                let text = syn::parse2::<syn::LitStr>(group.stream());
                errors.extend(text.map(|text| text.value()));
                after_error = false;
            }
            TokenTree::Group(group) => errors.extend(errors_in(group.stream())),
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
