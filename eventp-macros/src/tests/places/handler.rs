//! `#[handler]`, `#[on(..)]` and `#[state]`.

use proc_macro2::TokenStream;

use super::check;
use crate::entry;

#[track_caller]
fn in_handler(marked: &str, texts: &[&str]) {
    check(|item| entry::handler(TokenStream::new(), item), marked, texts);
}

#[track_caller]
fn in_method(marked: &str, texts: &[&str]) {
    in_handler(&format!("impl Echo {{ {marked} }}"), texts);
}

#[track_caller]
fn in_arguments(marked: &str, texts: &[&str]) {
    let item: TokenStream = "fn f() {}".parse().expect("tokens");
    check(|args| entry::handler(args, item.clone()), marked, texts);
}

#[test]
fn of_what_handler_stands_on() {
    let only = "`#[handler]` may only be used on an inherent `impl` or a function";
    in_handler("«struct» Echo;", &[only]);
    in_handler(
        "impl<Ep: EventpOps> «Handler<Ep>» for Echo { fn handle() {} }",
        &[
            "`#[handler]` may only be used on an inherent `impl`; remove `Handler<Ep> for`, or the attribute",
        ],
    );
    in_handler(
        "fn read(«&mut self») {}",
        &[
            "`#[handler]` may not be used on a method; put it on the `impl`, and mark the method with `#[on(..)]`",
        ],
    );
    in_handler(
        "impl «Echo» { fn read(&mut self) {} }",
        &["missing handler; mark a method with `#[on(readable)]`, or call it `handle`"],
    );
    in_method(
        "#[«handler»] fn handle(&mut self) {}",
        &["`#[handler]` may only be used on the whole `impl`; mark the method with `#[on(..)]`"],
    );
    in_method(
        "fn handle(&mut self) {} «#[on(readable)]» const X: u8 = 3;",
        &["`#[on(..)]` may only be used on a method"],
    );
    in_method(
        "fn «handle»(&mut self) {} #[on(readable)] fn read(&mut self) {}",
        &[
            "`handle` and `#[on(..)]` are mutually exclusive; mark `handle` with `#[on(..)]` too, or rename it",
        ],
    );
    in_arguments(
        "«state = Server»",
        &[
            "unknown argument `state`; `#[handler]` takes `crate = path` or nothing, events go into `#[on(..)]` on a method",
        ],
    );
    in_arguments(
        "«crate = 3»",
        &["expected the path of the `eventp` crate; write `crate = some::path`"],
    );
}

#[test]
fn of_the_events() {
    for (list, text) in [
        ("#[on(readable | «in»)]", "unknown event `in`; did you mean `readable`?"),
        ("#[on(readable | «readable»)]", "duplicate event `readable`; remove one"),
        ("«#[on]»", "missing event; write `#[on(readable)]`"),
        ("«#[on()]»", "missing event; write `#[on(readable)]`"),
        ("#[on(«,»)]", "expected an event on each side of `,`"),
        (
            "#[on(«readable hangup»)]",
            "expected events joined by `|`, as in `#[on(readable | hangup)]`",
        ),
        ("#[on(«readable» |)]", "expected an event on each side of `|`"),
        ("#[on(readable)] «#[on(hangup)]»", "duplicate `#[on(..)]`; join the events by `|` in one"),
        (
            "#[on(«readable», writable)]",
            "expected a port, found the event `readable`; join the events by `|`, as in `#[on(readable | writable)]`",
        ),
        (
            "#[on(«readable», tap)]",
            "expected a port, found the event `readable`; ports come first, as in `#[on(tap, readable)]`",
        ),
        (
            "#[on(tap | «hangup», readable)]",
            "expected a port, found the event `hangup`; events stand after the comma, as in `#[on(tap, hangup)]`",
        ),
        (
            "#[on(tap | «readable»)]",
            "`readable` is an event and `tap` is none; ports and their events are separated by a comma, as in `#[on(tap, readable)]`",
        ),
        (
            "#[on(tap, readable, «writable»)]",
            "expected ports and events, as in `#[on(tap, readable)]`; several of either are joined by `|`",
        ),
        ("#[on(tap | «tap»)]", "duplicate port `tap`; remove one"),
        ("#[on(«self»)]", "expected a port, found `self`; name a field with `#[fd]`"),
        ("#[on(«,» readable)]", "expected a port on each side of `,`"),
    ] {
        in_method(&format!("{list} fn read(&mut self) {{}}"), &[text]);
    }
}

#[test]
fn of_the_signature() {
    for (method, text) in [
        (
            "«async» fn handle(&mut self) {}",
            "a handler may not be `async`; it runs to its end within the event, remove `async`",
        ),
        (
            "«unsafe» fn handle(&mut self) {}",
            "a handler may not be `unsafe`; the reactor calls it at any time, remove `unsafe`",
        ),
        (
            "fn handle(«mut self») {}",
            "expected `&mut self`, found `mut self`; the reactor owns the subscriber, a handler removes it by `Flow::Remove`",
        ),
        (
            "fn «handle»(event: Event) {}",
            "a handler must have `&mut self` in order to be called; add it",
        ),
        (
            "fn handle<«T»: Clone>(&mut self) {}",
            "a handler may only be generic over the reactor it asks for; put `T` on the `impl`",
        ),
        (
            "fn handle(&mut self, pair: «(u8, u8)») {}",
            "unknown parameter type `(u8, u8)`; a handler may ask for `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>` and `&mut` the state",
        ),
        (
            "fn handle(&mut self, server: «&Server») {}",
            "expected `&mut Server`, found `&Server`; a handler gets the state by `&mut`, everything else by value",
        ),
        (
            "fn handle(&mut self, event: «&eventp::Event») {}",
            "expected `eventp::Event`, found `&eventp::Event`; a handler gets the state by `&mut`, everything else by value",
        ),
        (
            "fn handle(&mut self, reactor: «&mut Pinned<'_, E>») {}",
            "expected `Pinned<'_, E>`, found `&mut Pinned<'_, E>`; the reactor comes by value",
        ),
        (
            "fn handle(&mut self, reactor: «&mut Eventp<S>») {}",
            "expected `Pinned<'_, Eventp<S>>`, found `&mut Eventp<S>`; a handler gets the narrow view of the reactor, by value",
        ),
        (
            "fn handle(&mut self, a: Key, b: «Key») {}",
            "duplicate parameter; `a` and `b` are both `Key`, remove one",
        ),
        (
            "fn handle(&mut self, a: &mut A, b: «&mut B») {}",
            "duplicate state; `a` and `b` are both the state, remove one",
        ),
        (
            "fn handle(&mut self, a: Pinned<'_, A>, b: «Pinned<'_, B>») {}",
            "duplicate reactor; `a` and `b` are both the reactor, remove one",
        ),
        (
            "fn handle(&mut self, «#[state]» a: &mut A) {}",
            "`#[state]` may only be used in a free function; a method's `&mut` is the state without it",
        ),
    ] {
        in_method(method, &[text]);
    }
}

#[test]
fn of_a_function() {
    for (function, text) in [
        (
            "fn f(a: &mut A, b: «&mut B») {}",
            "duplicate fd; `a` and `b` are both `&mut`, name the state `state` or mark it with `#[state]`",
        ),
        ("fn f(«#[state]» key: Key) {}", "`#[state]` may only be used on a `&mut` parameter"),
        ("fn f(#[state] «#[state]» a: &mut A) {}", "duplicate `#[state]`; remove one"),
        (
            "fn f(a: «&A») {}",
            "expected `&mut A`, found `&A`; a handler gets the fd or the state by `&mut`, everything else by value",
        ),
        (
            "fn f(#[cfg(a)] a: A, #[cfg(b)] b: B, #[cfg(c)] c: C, #[cfg(d)] d: D, #[cfg(e)] e: E, #[cfg(«f»)] f: F) {}",
            "the handlers of one item may only depend on 5 different `#[cfg(..)]`; put the `#[cfg(..)]` into a method",
        ),
    ] {
        in_handler(function, &[text]);
    }
}
