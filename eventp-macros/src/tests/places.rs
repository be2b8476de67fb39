//! Where the errors point: each at the token of the user that is wrong, and nowhere else.
//!
//! In the sources the place is between `«` and `»`. Where an error is about what is not there, it is what stands nearest.

mod handler;
mod subscriber;

use proc_macro2::{Span, TokenStream};

use super::{check_style, spanned_errors_in};

/// A source without its marks, and what was between them.
fn unmark(marked: &str) -> (String, Vec<String>) {
    let mut source = String::new();
    let mut places: Vec<String> = Vec::new();
    let mut inside = false;
    for letter in marked.chars() {
        match letter {
            '«' => {
                inside = true;
                places.push(String::new());
            }
            '»' => inside = false,
            letter => {
                source.push(letter);
                if inside {
                    places.last_mut().into_iter().for_each(|place| place.push(letter));
                }
            }
        }
    }
    (source, places)
}

/// What stands in the source from the first to the last token.
fn text_between(source: &str, [first, last]: [Span; 2], start: usize) -> String {
    let (from, to) = (first.byte_range().start, last.byte_range().end);
    source.chars().skip(from - start).take(to - from).collect()
}

/// Asserts that the macro reports these texts at the marked places, in this order.
#[track_caller]
fn check(expand: impl Fn(TokenStream) -> TokenStream, marked: &str, texts: &[&str]) {
    let (source, places) = unmark(marked);
    let tokens: TokenStream = source.parse().expect("tokens");
    // All sources of a thread are one text to `proc_macro2`.
    let start =
        tokens.clone().into_iter().next().map_or(0, |token| token.span().byte_range().start);
    let errors = spanned_errors_in(expand(tokens));
    let found: Vec<_> = errors
        .iter()
        .map(|(text, spans)| (text.as_str(), text_between(&source, *spans, start)))
        .collect();
    let wanted: Vec<_> = texts.iter().copied().zip(places).collect();
    assert_eq!(found, wanted, "{source}");
    check_style(&errors.into_iter().map(|(text, _)| text).collect::<Vec<_>>());
}
