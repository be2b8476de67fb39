//! `#[subscriber]` and `#[fd(..)]`.

use proc_macro2::TokenStream;

use super::check;
use crate::entry;

/// `#[subscriber]`, as the derive sees it.
#[track_caller]
fn in_struct(marked: &str, texts: &[&str]) {
    check(entry::derive_subscriber, marked, texts);
}

/// `#[subscriber]` itself.
#[track_caller]
fn of_item(marked: &str, texts: &[&str]) {
    check(|item| entry::subscriber(TokenStream::new(), item), marked, texts);
}

#[test]
fn of_the_struct() {
    let only = "`#[subscriber]` may only be used on a struct";
    of_item("«fn» f() {}", &[only]);
    of_item("pub «trait» Trait {}", &[only]);
    in_struct(
        "#[__eventp(interest = read)] «enum» Either { A }",
        &[
            "`#[subscriber]` may only be used on a struct, found `enum`; put the enum into a field of one",
        ],
    );
    in_struct(
        "#[__eventp(interest = read)] struct Tuple«(#[fd] File)»;",
        &[
            "expected a struct with named fields, found a tuple struct; name the fields and mark the fd with `#[fd]`",
        ],
    );
    in_struct(
        "#[__eventp(interest = read)] struct «Unit»;",
        &[
            "expected a struct with named fields, found a unit struct; name the fields and mark the fd with `#[fd]`",
        ],
    );
    in_struct(
        "#[__eventp(interest = read)] struct «Echo» { stream: TcpStream }",
        &["missing `#[fd]`; mark the field that holds the fd with it"],
    );
    in_struct(
        "#[__eventp(interest = read)] struct Echo<«'a»> { #[fd] stream: Stream<'a> }",
        &[
            "a subscriber must be `'static` in order to be owned by the reactor; remove `'a`, or hold what it borrows by value or in an `Rc`",
        ],
    );
    in_struct(
        "#[__eventp(interest = read)] #[«__eventp»(interest = read)] struct Echo { #[fd] stream: TcpStream }",
        &["duplicate `#[subscriber]`; remove one"],
    );
    in_struct(
        "#[«__eventp»] struct Echo { #[fd] stream: TcpStream }",
        &["missing interest; write `#[subscriber(interest = read)]`"],
    );
}

#[test]
fn of_the_options() {
    for (options, text) in [
        (
            "interest = read, «intrest» = write",
            "unknown option `intrest`; did you mean `interest`?",
        ),
        ("interest = read, «write»", "unknown option `write`; interest flags are joined by `|`"),
        ("interest = read, «interest» = write", "duplicate option `interest`; remove one"),
        (
            "interest = read, «crate = 3»",
            "expected the path of the `eventp` crate; write `crate = some::path`",
        ),
        ("interest = read, «\"x\"»", "expected an option such as `interest = read`"),
        ("«interest»", "missing interest; write `interest = read`, or `interest = none`"),
        ("interest = «const»", "missing expression; write `interest = const EXPR`"),
        ("interest = read | «raed»", "unknown interest flag `raed`; did you mean `read`?"),
        ("interest = read | «read»", "duplicate interest flag `read`; remove one"),
        ("interest = «read» |", "expected an interest flag on each side of `|`"),
        (
            "interest = «read write»",
            "expected interest flags joined by `|`, found `read write`; an expression needs `const` before it",
        ),
        (
            "interest = exclusive | «oneshot»",
            "`oneshot` and `exclusive` are mutually exclusive; `epoll_ctl(2)` accepts only `read`, `write`, `edge_triggered` and `wakeup` beside `exclusive`",
        ),
        ("interest = read | «none»", "`none` and `read` are mutually exclusive; remove one"),
    ] {
        in_struct(
            &format!("#[__eventp({options})] struct Echo {{ #[fd] stream: TcpStream }}"),
            &[text],
        );
    }
}

#[test]
fn of_the_fields() {
    for (fields, text) in [
        ("#[fd] «#[fd]» file: File", "duplicate `#[fd]`; remove one"),
        ("«#[fd = 3]» file: File", "expected `#[fd]` or `#[fd(..)]`"),
        (
            "#[fd] «hangup»: File",
            "an `#[fd]` field may not be named like the event `hangup`; rename the field",
        ),
        (
            "#[fd(«color»)] file: File",
            "unknown option `color` of `#[fd]`; expected `interest`, `group`, `raw` or `with`",
        ),
        ("#[fd(«interest» = write)] file: File", "duplicate option `interest`; remove one"),
    ] {
        in_struct(&format!("#[__eventp(interest = read)] struct Echo {{ {fields} }}"), &[text]);
    }
    for (fields, text) in [
        ("«#[fd]» a: File", "missing interest; write `#[fd(interest = read)]`"),
        ("#[fd(interest = read, raw, «raw»)] a: File", "duplicate option `raw`; remove one"),
        (
            "#[fd(interest = read, raw = «3»)] a: File",
            "`raw` takes no value; write `#[fd(interest = read, raw)]`",
        ),
        (
            "#[fd(interest = read, raw, «with» = f)] a: File",
            "`raw` and `with` are mutually exclusive; the function of `with` says where the fd is, remove `raw`",
        ),
        (
            "#[fd(interest = read, «group»)] a: File",
            "expected the name of a group; write `group = name`",
        ),
        (
            "#[fd(interest = read, «with = |it| it»)] a: File",
            "expected the path of a function; write `with = path`, for a `fn(&FieldType) -> BorrowedFd<'_>`",
        ),
        (
            "#[fd(interest = read)] «errors»: File",
            "an `#[fd]` field may not be named `errors`, which `#[on(errors)]` takes for the event `error`; rename the field",
        ),
        ("#[fd(interest = read)] «B»: File", "`b` and `B` would both be `Net::B`; rename one"),
        (
            "#[fd(interest = read, group = «b»)] a: File",
            "the group `b` is named like the field `b`; rename the group",
        ),
    ] {
        in_struct(
            &format!("#[__eventp] struct Net {{ #[fd(interest = read)] b: File, {fields} }}"),
            &[text],
        );
    }
    in_struct(
        "#[__eventp(«interest» = read)] struct Net { #[fd] a: File, #[fd] b: File }",
        &[
            "`interest` may only be used here for one plain `#[fd]`; write it on each field, as in `#[fd(interest = read)]`",
        ],
    );
    let many: String = (0..64).map(|at| format!("#[fd(interest = read)] f{at}: File, ")).collect();
    in_struct(
        &format!("#[__eventp] struct Net {{ {many} #[fd(interest = read)] «f64»: File }}"),
        &[
            "a subscriber may only have 64 `#[fd]` fields; join some in a `Vec`, or split the struct",
        ],
    );
}

#[test]
fn a_field_without_a_handler_is_named() {
    let source = "#[__eventp] struct Net { #[fd(interest = read)] rx: File, #[fd(interest = read)] r#loop: File }";
    let expansion = entry::derive_subscriber(source.parse().expect("tokens")).to_string();
    for text in [
        "field `rx` has no handler; add `#[on(rx)]` to a method",
        "field `loop` has no handler; add `#[on(r#loop)]` to a method",
    ] {
        assert!(expansion.contains(text), "{expansion}");
    }
}
