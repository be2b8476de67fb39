//! Whatever an editor sends while its user is typing, nothing panics, and the item comes out again.

use proc_macro2::{Group, TokenStream, TokenTree};

use super::parse;
use crate::entry;

const ITEMS: &[&str] = &[
    "#[doc = \"x\"] pub struct Echo<T: 'static> where T: Clone { #[fd(interest = read | write)] stream: T, b: u8 }",
    "#[__eventp(interest = read | const { 3 }, crate = a::b)] struct Echo { #[fd] r#in: (Vec<u8>) }",
    "#[__eventp()] pub(crate) struct Net<T> { #[fd(interest = read, group = r#loop, raw)] tx: Vec<T>, #[fd(interest = doorbell, with = <A as B>::c)] r#type: T }",
    "impl<T> Net<T> { #[on(tx | r#type, readable | hangup)] fn a(&mut self) {} #[on(tx)] fn b(&mut self) {} #[on(writable,)] fn c(&mut self) {} }",
    "impl<T> Pipe<T> where T: AsFd { #[on(read | edge_triggered)] fn a(&mut self) {} #[on(out)] fn b(&mut self) {} }",
    "#[cfg(a)] impl<'a, T: Clone> Echo<{ 3 }, T> where T: Clone { #[on(readable | hangup)] #[cfg(b)] pub fn read<'s, Ep>(&'s mut self, #[cfg(not(c))] state: &mut S<'s>, r: Pinned<'_, Ep>, _: Event) -> io::Result<Flow> where Ep: EventpOps<State = S<'s>>, { a } const X: u8 = 3; }",
    "pub(crate) fn r#f<'a, T, const N: usize>(fd: &'a mut (impl Read + 'a), #[state] s: &mut [&T; N], r: a::Pinned<'a, impl EventpOps<State = impl Fn(&T) -> &T> + ?Sized>, k: Alias<'_>, #[cfg(x)] Key(..): Key) -> impl IntoFlow where T: Clone { body }",
    "async unsafe extern \"C\" fn f(self, a: &X, ...) -> ! { }",
    "macro_rules! m { () => {} }",
];

const ARGS: &[&str] = &[
    "",
    "interest = read | exclusive | oneshot, crate = a::b",
    "interest = const a::<b, c>(d), , =",
];

/// Every stream that is `tokens` without one token, or cut off after it.
fn variations(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut variations = Vec::new();
    for at in 0..tokens.len() {
        let (before, after) = (&tokens[..at], &tokens[at + 1..]);
        variations.push(before.iter().cloned().collect());
        variations.push(before.iter().chain(after).cloned().collect());
        if let TokenTree::Group(group) = &tokens[at] {
            for inside in variations_in(group) {
                let inside = TokenTree::from(inside);
                variations.push(before.iter().chain([&inside]).chain(after).cloned().collect());
            }
        }
    }
    variations
}

fn variations_in(group: &Group) -> Vec<Group> {
    let inside = variations(&group.stream()).into_iter();
    inside.map(|inside| Group::new(group.delimiter(), inside)).collect()
}

fn run_all(args: &TokenStream, item: &TokenStream) {
    for expansion in
        [entry::subscriber(args.clone(), item.clone()), entry::handler(args.clone(), item.clone())]
    {
        assert!(item.is_empty() || !expansion.is_empty());
    }
    let _ = entry::derive_subscriber(item.clone());
}

#[test]
fn half_an_item_is_no_panic() {
    for item in ITEMS.iter().map(|item| parse(item)) {
        for item in variations(&item).into_iter().chain([item]) {
            run_all(&TokenStream::new(), &item);
        }
    }
}

#[test]
fn half_the_arguments_are_no_panic() {
    let items: Vec<_> = ITEMS.iter().map(|item| parse(item)).collect();
    for args in ARGS.iter().map(|args| parse(args)) {
        for args in variations(&args).into_iter().chain([args]) {
            items.iter().for_each(|item| run_all(&args, item));
        }
    }
}

#[test]
fn any_attribute_is_no_panic() {
    let (fd, on) = ("struct A { #[fd(X)] a: B }", "impl A { #[on(X)] fn handle(&self) {} }");
    for args in [
        "=",
        "|",
        "||",
        ",",
        ",,",
        "a b",
        "1",
        "'a",
        "interest = | |",
        "readable | | x",
        "( )",
        "{ }",
        "a, |",
        "a, b, ",
        "_",
        "self, crate",
    ] {
        for item in [fd, on, "#[__eventp(X)] struct A { #[fd] a: B }"] {
            run_all(&parse(args), &parse(&item.replace('X', args)));
        }
    }
}
