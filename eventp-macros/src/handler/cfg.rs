//! `#[cfg(..)]` on methods and parameters.
//!
//! An attribute macro sees its item before `cfg`. A method or a parameter that is configured away takes its events, its state
//! and its reactor with it, so one impl cannot be right for both cases: the model is made once for each [`Configuration`], and
//! rustc keeps the one that holds. What must stay true: for each build, exactly one configuration holds.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Meta};

use crate::diag::Diag;
use crate::paths::generated;
use crate::tokens;

/// More would mean more than 32 copies of an impl.
const MOST: usize = 5;

/// A `#[cfg(predicate)]` or `#[cfg(not(predicate))]`.
#[derive(Clone)]
struct Condition {
    text: String,
    predicate: TokenStream,
    wanted: bool,
}

/// The `#[cfg]`s of one method or parameter.
#[derive(Clone, Default)]
pub(crate) struct Conditions(Vec<Condition>);

/// Which predicates hold.
pub(crate) struct Configuration(Vec<Condition>);

impl Conditions {
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        Self(attributes(attrs).filter_map(parse_condition).collect())
    }

    /// Whether there can be a build that has neither or only one of the two.
    pub(crate) fn may_exclude(&self, other: &Self) -> bool {
        let same = |a: &Condition, b: &Condition| a.text == b.text && a.wanted == b.wanted;
        let lacks = |a: &Self, b: &Self| b.0.iter().any(|b| !a.0.iter().any(|a| same(a, b)));
        lacks(self, other) && lacks(other, self)
    }

    pub(crate) fn hold_in(&self, configuration: &Configuration) -> bool {
        self.0.iter().all(|condition| {
            let mut known = configuration.0.iter();
            known.any(|it| it.text == condition.text && it.wanted == condition.wanted)
        })
    }
}

impl Configuration {
    /// `#[cfg(all(..))]`, or nothing if there is one configuration only.
    pub(crate) fn attribute(&self) -> TokenStream {
        if self.0.is_empty() {
            return TokenStream::new();
        }
        let span = generated();
        let conditions = self.0.iter().map(|Condition { predicate, wanted, .. }| {
            if *wanted { predicate.clone() } else { quote_spanned!(span=> not(#predicate)) }
        });
        quote_spanned!(span=> #[cfg(all(#(#conditions),*))])
    }
}

/// The `#[cfg]`s among some attributes.
pub(crate) fn attributes(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

fn parse_condition(attribute: &Attribute) -> Option<Condition> {
    let Meta::List(list) = &attribute.meta else { return None };
    let mut wanted = true;
    let mut predicate = list.tokens.clone();
    while let Some(inner) = negated(&predicate) {
        wanted = !wanted;
        predicate = inner;
    }
    Some(Condition { text: predicate.to_string(), predicate, wanted })
}

/// `p` of `not(p)`.
fn negated(predicate: &TokenStream) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = predicate.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(not), TokenTree::Group(group)] if not == "not" => Some(group.stream()),
        [TokenTree::Ident(not), TokenTree::Group(group), comma]
            if not == "not" && tokens::is_punct(Some(comma), ',') =>
        {
            Some(group.stream())
        }
        _ => None,
    }
}

/// Every way in which the conditions can hold or not.
pub(crate) fn configurations<'a>(
    all: impl Iterator<Item = &'a Conditions>,
    diag: &mut Diag,
) -> Vec<Configuration> {
    let mut distinct: Vec<&Condition> = Vec::new();
    for condition in all.flat_map(|conditions| &conditions.0) {
        if !distinct.iter().any(|known| known.text == condition.text) {
            distinct.push(condition);
        }
    }
    if let Some(excess) = distinct.get(MOST) {
        diag.error(
            excess.predicate.to_token_stream(),
            format!("the handlers of one item may only depend on {MOST} different `#[cfg(..)]`; put the `#[cfg(..)]` into a method"),
        );
        distinct.truncate(MOST);
    }
    (0..1_u32 << distinct.len())
        .map(|bits| {
            let conditions = distinct.iter().enumerate().map(|(at, &condition)| Condition {
                wanted: bits >> at & 1 == 1,
                ..condition.clone()
            });
            Configuration(conditions.collect())
        })
        .collect()
}
