//! `#[handler]`.

use core::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

use super::{check_style, errors_in, mask, parse};
use crate::entry;

fn errors(item: &str) -> Vec<String> {
    let errors = errors_in(entry::handler(parse(""), parse(item)));
    check_style(&errors);
    errors
}

/// The one error of an item.
#[track_caller]
fn one_error(item: &str) -> String {
    let errors = errors(item);
    assert_eq!(errors.len(), 1, "{item}: {errors:#?}");
    errors.into_iter().next().unwrap_or_default()
}

/// The one error of a method.
#[track_caller]
fn in_method(method: &str) -> String {
    one_error(&format!("impl Echo {{ {method} }}"))
}

fn expand(item: &str) -> String {
    entry::handler(parse(""), parse(item)).to_string()
}

#[test]
fn right_items_have_no_errors() {
    for item in [
        "impl Echo { #[on(readable)] fn read(&mut self) {} }",
        "impl Echo { fn handle(&self, event: Event) -> ! { loop {} } const X: u8 = { 3 }; }",
        "impl<T: Clone> Echo<T> where T: AsFd { #[on(error | hangup)] fn gone(&mut self, s: &mut S) {} }",
        "impl Echo { #[on(readable)] fn handle(&mut self) {} #[on(writable)] fn write(self: &mut Self) {} }",
        "fn f(fd: &mut impl Read, state: &mut S, Key { .. }: Key, mut r: Pinned<'_, impl EventpOps>) {}",
        "pub(crate) const fn f() {}",
        "extern \"C\" fn f(fd: &mut File) {}",
    ] {
        assert_eq!(errors(item), [""; 0], "{item}");
    }
}

#[test]
fn an_unknown_argument_is_named() {
    let errors = errors_in(entry::handler(parse("readable"), parse("fn f() {}")));
    assert_eq!(
        errors,
        [
            "unknown argument `readable`; `#[handler]` takes `crate = path` or nothing, events go into `#[on(..)]` on a method"
        ]
    );
}

#[test]
fn only_inherent_impls_and_functions_are_handlers() {
    let message = "`#[handler]` may only be used on an inherent `impl` or a function";
    for item in ["struct S;", "trait T {}", "mod m {}", "const X: u8 = 3;", "use a::b;", ""] {
        assert_eq!(one_error(item), message);
    }
    assert_eq!(
        one_error("impl<Ep> Handler<Ep> for Echo { fn handle() {} }"),
        "`#[handler]` may only be used on an inherent `impl`; remove `Handler<Ep> for`, or the attribute"
    );
    assert_eq!(
        one_error("fn read(&mut self) {}"),
        "`#[handler]` may not be used on a method; put it on the `impl`, and mark the method with `#[on(..)]`"
    );
    assert_eq!(
        in_method("#[handler] fn handle(&mut self) {}"),
        "`#[handler]` may only be used on the whole `impl`; mark the method with `#[on(..)]`"
    );
    assert_eq!(
        in_method("fn handle(&mut self) {} #[on(readable)] const X: u8 = 3;"),
        "`#[on(..)]` may only be used on a method"
    );
}

#[test]
fn a_handler_is_required() {
    assert_eq!(
        in_method("fn read(&mut self) {}"),
        "missing handler; mark a method with `#[on(readable)]`, or call it `handle`"
    );
}

#[test]
fn an_unknown_event_is_recognised_in_many_spellings() {
    for (found, meant) in [
        ("raedable", "readable"),
        ("in", "readable"),
        ("EPOLLIN", "readable"),
        ("READABLE", "readable"),
        ("EPOLLOUT", "writable"),
        ("writeable", "writable"),
        ("hup", "hangup"),
        ("EPOLLHUP", "hangup"),
        ("rdhup", "read_closed"),
        ("EPOLLERR", "error"),
        ("EPOLLPRI", "priority"),
    ] {
        let error = in_method(&format!("#[on({found})] fn read(&mut self) {{}}"));
        assert_eq!(error, format!("unknown event `{found}`; did you mean `{meant}`?"));
    }
}

#[test]
fn event_lists_are_checked() {
    for (list, message) in [
        ("(readable | hangup | readable)", "duplicate event `readable`; remove one"),
        ("()", "missing event; write `#[on(readable)]`"),
        ("", "missing event; write `#[on(readable)]`"),
        ("(readable writable)", "expected events joined by `|`, as in `#[on(readable | hangup)]`"),
        ("(readable |)", "expected an event on each side of `|`"),
        ("(readable | err)", "unknown event `err`; did you mean `error`?"),
        (
            "(readable, writable)",
            "expected a port, found the event `readable`; join the events by `|`, as in `#[on(readable | writable)]`",
        ),
    ] {
        assert_eq!(in_method(&format!("#[on{list}] fn read(&mut self) {{}}")), message);
    }
    assert_eq!(
        in_method("#[on(readable)] #[on(writable)] fn both(&mut self) {}"),
        "duplicate `#[on(..)]`; join the events by `|` in one"
    );
}

#[test]
fn handle_and_on_exclude_each_other() {
    assert_eq!(
        in_method("fn handle(&mut self) {} #[on(readable)] fn read(&mut self) {}"),
        "`handle` and `#[on(..)]` are mutually exclusive; mark `handle` with `#[on(..)]` too, or rename it"
    );
    let either =
        "#[cfg(a)] fn handle(&mut self) {} #[cfg(not(a))] #[on(readable)] fn read(&mut self) {}";
    assert_eq!(errors(&format!("impl Echo {{ {either} }}")), [""; 0]);
}

#[test]
fn a_receiver_is_required() {
    for (receiver, found) in
        [("self", "self"), ("mut self", "mut self"), ("self: Box<Self>", "self: Box<Self>")]
    {
        let error = in_method(&format!("fn handle({receiver}) {{}}"));
        assert_eq!(
            error,
            format!(
                "expected `&mut self`, found `{found}`; the reactor owns the subscriber, a handler removes it by `Flow::Remove`"
            )
        );
    }
    assert_eq!(
        in_method("fn handle(event: Event) {}"),
        "a handler must have `&mut self` in order to be called; add it"
    );
}

#[test]
fn a_handler_is_a_plain_function() {
    let is_async =
        "a handler may not be `async`; it runs to its end within the event, remove `async`";
    let is_unsafe =
        "a handler may not be `unsafe`; the reactor calls it at any time, remove `unsafe`";
    assert_eq!(in_method("async fn handle(&mut self) {}"), is_async);
    assert_eq!(in_method("unsafe fn handle(&mut self) {}"), is_unsafe);
    assert_eq!(one_error("async fn f(fd: &mut File) {}"), is_async);
    assert_eq!(one_error("unsafe fn f(fd: &mut File) {}"), is_unsafe);
}

#[test]
fn an_unknown_parameter_is_named() {
    for ty in ["(u8, u8)", "[u8; 4]", "impl Clone", "*const u8", "fn()"] {
        assert_eq!(
            in_method(&format!("fn handle(&mut self, it: {ty}) {{}}")),
            format!(
                "unknown parameter type `{ty}`; a handler may ask for `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>` and `&mut` the state"
            )
        );
    }
    assert_eq!(
        one_error("fn f(it: (A, B)) {}"),
        "unknown parameter type `(A, B)`; a handler may ask for `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>`, `&mut` the fd and `&mut` the state"
    );
}

#[test]
fn a_shared_reference_is_not_enough() {
    assert_eq!(
        in_method("fn handle(&mut self, server: &Server) {}"),
        "expected `&mut Server`, found `&Server`; a handler gets the state by `&mut`, everything else by value"
    );
    assert_eq!(
        one_error("fn f(stream: &TcpStream) {}"),
        "expected `&mut TcpStream`, found `&TcpStream`; a handler gets the fd or the state by `&mut`, everything else by value"
    );
    assert_eq!(
        in_method("fn handle(&mut self, reactor: &mut Pinned<'_, impl EventpOps>) {}"),
        "expected `Pinned<'_, impl EventpOps>`, found `&mut Pinned<'_, impl EventpOps>`; the reactor comes by value"
    );
}

#[test]
fn duplicates_are_named_both() {
    for (params, message) in [
        ("a: Event, b: Event", "duplicate parameter; `a` and `b` are both `Event`, remove one"),
        (
            "a: Pinned<'_, impl EventpOps>, mut b: Pinned<'_, Eventp>",
            "duplicate reactor; `a` and `b` are both the reactor, remove one",
        ),
        (
            "a: &mut A, (b, c): &mut B",
            "duplicate state; `a` and `(b, c)` are both the state, remove one",
        ),
    ] {
        assert_eq!(in_method(&format!("fn handle(&mut self, {params}) {{}}")), message);
    }
    assert_eq!(
        one_error("fn f(a: &mut A, b: &mut B) {}"),
        "duplicate fd; `a` and `b` are both `&mut`, name the state `state` or mark it with `#[state]`"
    );
    assert_eq!(
        one_error("fn f(state: &mut A, #[state] b: &mut B) {}"),
        "duplicate state; `state` and `b` are both the state, remove one"
    );
}

#[test]
fn the_state_is_marked_in_functions_only() {
    assert_eq!(
        one_error("fn f(#[state] key: Key) {}"),
        "`#[state]` may only be used on a `&mut` parameter"
    );
    assert_eq!(
        one_error("fn f(#[state] #[state] s: &mut S) {}"),
        "duplicate `#[state]`; remove one"
    );
    assert_eq!(
        in_method("fn handle(&mut self, #[state] s: &mut S) {}"),
        "`#[state]` may only be used in a free function; a method's `&mut` is the state without it"
    );
}

#[test]
fn a_method_is_generic_over_the_reactor_only() {
    for generics in ["T", "const T: usize", "T: EventpOps"] {
        assert_eq!(
            in_method(&format!("fn handle<{generics}>(&mut self) {{}}")),
            "a handler may only be generic over the reactor it asks for; put `T` on the `impl`"
        );
    }
    let item = "impl Echo { fn handle<'a, T: EventpOps>(&'a mut self, r: Pinned<'a, T>) {} }";
    assert_eq!(errors(item), [""; 0]);
}

#[test]
fn there_is_a_limit_to_configurations() {
    let params: String = ('a'..='f').map(|c| format!("#[cfg({c})] {c}: {c}, ")).collect();
    assert_eq!(
        one_error(&format!("fn f({params}) {{}}")),
        "the handlers of one item may only depend on 5 different `#[cfg(..)]`; put the `#[cfg(..)]` into a method"
    );
}

#[test]
fn bodies_are_not_opened() {
    let body = "{ this is ( not ) Rust ; let = + }";
    let method = format!(
        "impl Echo {{ #[on(readable)] fn read(&mut self) -> Foo<{{ 1 }}> {body} fn more(&self) {body} }}"
    );
    let function = format!("fn f(fd: &mut File) {body}");
    for item in [method, function] {
        assert_eq!(errors(&item), [""; 0]);
        assert!(expand(&item).contains(&parse(body).to_string()));
    }
}

/// The tokens with their places, those in groups and the delimiters included.
fn places(tokens: TokenStream) -> Vec<(String, Range<usize>)> {
    let mut places = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                places.push(("open".to_owned(), group.span_open().byte_range()));
                places.extend(self::places(group.stream()));
                places.push(("close".to_owned(), group.span_close().byte_range()));
            }
            token => places.push((token.to_string(), token.span().byte_range())),
        }
    }
    places
}

/// So that editors complete and go to definitions inside, and rustc points there.
#[test]
fn an_item_keeps_its_spans_bodies_included() {
    for item in [
        "impl Echo { #[on(readable)] fn read(&mut self) { self.a.b(c [ 3 ])?; } fn other(&self) { d } const X: u8 = { 3 }; }",
        "impl Echo { #[on(raedable)] fn read(&mut self) { self. } }",
        "pub fn f(fd: &mut File, #[state] s: &mut S) -> io::Result<()> { fd.a(|b| { c }) }",
        "fn f(fd: &File) { fd. }",
    ] {
        let tokens = parse(item);
        let expansion = places(entry::handler(parse(""), tokens.clone()));
        let mut missing = places(tokens);
        missing.retain(|place| !expansion.contains(place));
        // Our marks are gone: `#[on(..)]`, `#[state]`.
        missing.retain(|(text, _)| text != "open" && text != "close");
        let missing: String = missing.into_iter().map(|(text, _)| text).collect();
        assert!(["#onreadable", "#onraedable", "#state", ""].contains(&&*missing), "{missing}");
    }
}

#[test]
fn after_an_error_the_handler_is_there() {
    let expansion = expand("impl<T> Echo<T> where T: Clone { #[on(x y)] fn read(&mut self) {} }");
    assert!(expansion.contains("Handler < __Ep > for Echo < T > where T : Clone"), "{expansion}");
    assert!(!expansion.contains("# [on"), "{expansion}");
    let expansion = expand("pub fn f(a: &A) {}");
    assert!(expansion.contains("pub enum f { }"), "{expansion}");
    assert!(expansion.contains("pub fn handler"), "{expansion}");
}

#[test]
fn what_is_right_is_checked_beside_what_is_wrong() {
    let wrong = "#[on(x y)] fn wrong(&mut self, a: A) {}";
    let right = "#[on(readable)] fn right(&mut self, b: B) -> bool {}";
    let expansion = expand(&format!("impl Echo {{ {wrong} {right} }}"));
    assert!(expansion.contains("Self :: right"), "{expansion}");
    assert!(!expansion.contains("Self :: wrong"), "{expansion}");
    // The wrong one may be that of the other port.
    let expansion =
        expand("impl Net { #[on(tx, x)] fn a(&mut self) {} #[on(rx)] fn b(&mut self) {} }");
    assert!(expansion.contains("__this . rx"), "{expansion}");
    assert!(!expansion.contains("assert_handled"), "{expansion}");
}

#[test]
fn our_marks_are_gone_and_others_stay() {
    let item = "impl Echo { #[doc = \"a\"] #[on(readable)] #[inline] fn read(&mut self) {} }";
    let expansion = expand(item);
    assert!(!expansion.contains("on (readable)"), "{expansion}");
    assert!(expansion.contains("# [doc = \"a\"] # [inline] fn read"), "{expansion}");
    let expansion = expand("fn f(#[allow(unused)] #[state] s: &mut S) {}");
    assert!(expansion.starts_with("fn f (# [allow (unused)] s : & mut S) { }"), "{expansion}");
}

#[test]
fn events_that_nobody_names_go_to_those_who_read() {
    fn masks(methods: &str) -> String {
        expand(&format!("impl Echo {{ {methods} }}"))
    }
    let read_and_write = "#[on(writable)] fn w(&mut self) {} #[on(readable)] fn r(&mut self) {}";
    let expansion = masks(read_and_write);
    assert!(expansion.contains(&mask("READABLE ERROR HANGUP READ_CLOSED")), "{expansion}");
    assert!(expansion.contains(&format!("event , {})", mask("WRITABLE"))), "{expansion}");
    let expansion = masks("#[on(writable)] fn w(&mut self) {} #[on(hangup)] fn h(&mut self) {}");
    assert!(expansion.contains(&mask("WRITABLE ERROR READ_CLOSED")), "{expansion}");
    let expansion = masks("#[on(priority)] fn p(&mut self) {} #[on(error)] fn e(&mut self) {}");
    assert!(expansion.contains(&mask("PRIORITY HANGUP READ_CLOSED")), "{expansion}");
}

#[test]
fn a_state_that_is_spelled_in_another_way_is_compared() {
    let item = |other: &str| {
        format!(
            "impl Echo {{ #[on(readable)] fn r(&mut self, a: &mut A) {{}} #[on(writable)] fn w(&mut self, b: &mut {other}) {{}} }}"
        )
    };
    assert!(!expand(&item("A")).contains("same_state"));
    assert!(expand(&item("B")).contains("SameState :: < B > :: same_state"));
}

#[test]
fn a_function_is_called_with_its_generic_arguments() {
    let expansion = expand("fn f<'a, T: Default, const N: usize>(fd: &'a mut File) {}");
    assert!(expansion.contains("f :: < T , N > (__d . fd)"), "{expansion}");
}
