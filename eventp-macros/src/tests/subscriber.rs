//! `#[subscriber]`.

use super::{check_style, errors_in, parse};
use crate::entry;

/// The errors of `#[subscriber(args)] item`, of the attribute and of the derive together.
fn errors(args: &str, item: &str) -> Vec<String> {
    let mut errors = errors_in(entry::subscriber(parse(args), parse(item)));
    if errors.is_empty() {
        let item = format!("#[__eventp({args})] {item}");
        errors = errors_in(entry::derive_subscriber(parse(&item)));
    }
    check_style(&errors);
    errors
}

#[track_caller]
fn one_error(args: &str, item: &str) -> String {
    let errors = errors(args, item);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.into_iter().next().unwrap_or_default()
}

const ITEM: &str = "struct Echo { #[fd] stream: TcpStream, name: String }";

#[test]
fn a_right_struct_has_no_errors() {
    for args in [
        "interest = read",
        "interest = read | write | read_hangup | priority | edge_triggered | oneshot | wakeup",
        "interest = exclusive | read | write | edge_triggered | wakeup",
        "interest = none",
        "interest = doorbell",
        "interest = const INTEREST",
        "interest = const make::<A, B>(1, 2), crate = some::path",
        "crate = crate, interest = read,",
    ] {
        assert_eq!(errors(args, ITEM), [""; 0], "{args}");
    }
}

#[test]
fn an_fd_is_required() {
    let error = one_error("interest = read", "struct Echo { stream: TcpStream }");
    assert_eq!(error, "missing `#[fd]`; mark the field that holds the fd with it");
}

#[test]
fn an_interest_is_required() {
    let missing = "missing interest; write `#[subscriber(interest = read)]`";
    assert_eq!(one_error("", ITEM), missing);
    let empty = "missing interest; write `interest = read`, or `interest = none`";
    assert_eq!(one_error("interest = ", ITEM), empty);
    assert_eq!(one_error("interest", ITEM), empty);
    let expression = "missing expression; write `interest = const EXPR`";
    assert_eq!(one_error("interest = const", ITEM), expression);
}

#[test]
fn an_unknown_option_is_named() {
    let error = one_error("interest = read, intrest = write", ITEM);
    assert_eq!(error, "unknown option `intrest`; did you mean `interest`?");
    let error = one_error("interest = read, color = red", ITEM);
    assert_eq!(error, "unknown option `color`; expected `interest` or `crate`");
    let error = one_error("interest = read, write", ITEM);
    assert_eq!(error, "unknown option `write`; interest flags are joined by `|`");
}

#[test]
fn an_option_that_was_to_be_the_interest_is_not_missing_as_well() {
    for (args, remedy) in [
        ("interests = read", "unknown option `interests`; did you mean `interest`?"),
        ("intrest = read", "unknown option `intrest`; did you mean `interest`?"),
        ("read", "unknown option `read`; write `interest = read`"),
    ] {
        assert_eq!(one_error(args, ITEM), remedy);
    }
    let error = one_error("", "struct Net { #[fd(intrest = read)] file: File }");
    assert_eq!(error, "unknown option `intrest` of `#[fd]`; did you mean `interest`?");
    let several = "struct Net { #[fd(read)] a: File, #[fd(interest = read)] b: File }";
    let error = one_error("", several);
    assert_eq!(error, "unknown option `read` of `#[fd]`; write `interest = read`");
    assert_eq!(errors("color = red", ITEM).len(), 2);
}

#[test]
fn a_duplicate_option_is_named() {
    let error = one_error("interest = read, interest = write", ITEM);
    assert_eq!(error, "duplicate option `interest`; remove one");
    let error = one_error("interest = read, crate = a, crate = b", ITEM);
    assert_eq!(error, "duplicate option `crate`; remove one");
}

#[test]
fn an_unknown_flag_is_recognised_in_many_spellings() {
    for (found, meant) in [
        ("raed", "read"),
        ("EPOLLIN", "read"),
        ("in", "read"),
        ("readable", "read"),
        ("EPOLLOUT", "write"),
        ("wirte", "write"),
        ("EPOLLRDHUP", "read_hangup"),
        ("rdhup", "read_hangup"),
        ("hup", "read_hangup"),
        ("EPOLLET", "edge_triggered"),
        ("et", "edge_triggered"),
        ("edge_trigered", "edge_triggered"),
        ("one_shot", "oneshot"),
        ("EPOLLEXCLUSIVE", "exclusive"),
        ("EPOLLPRI", "priority"),
        ("wake_up", "wakeup"),
    ] {
        let error = one_error(&format!("interest = {found}"), ITEM);
        assert_eq!(error, format!("unknown interest flag `{found}`; did you mean `{meant}`?"));
    }
}

#[test]
fn flags_are_joined_by_bars() {
    let error = one_error("interest = read write", ITEM);
    assert_eq!(
        error,
        "expected interest flags joined by `|`, found `read write`; an expression needs `const` before it"
    );
    let error = one_error("interest = read |", ITEM);
    assert_eq!(error, "expected an interest flag on each side of `|`");
}

#[test]
fn a_duplicate_flag_is_named() {
    let error = one_error("interest = read | write | read", ITEM);
    assert_eq!(error, "duplicate interest flag `read`; remove one");
}

#[test]
fn what_the_kernel_refuses_beside_exclusive_is_named() {
    for flag in ["read_hangup", "priority", "oneshot"] {
        let error = one_error(&format!("interest = exclusive | {flag}"), ITEM);
        assert_eq!(
            error,
            format!(
                "`{flag}` and `exclusive` are mutually exclusive; `epoll_ctl(2)` accepts only `read`, `write`, `edge_triggered` and `wakeup` beside `exclusive`"
            )
        );
    }
}

#[test]
fn none_and_doorbell_stand_alone() {
    let error = one_error("interest = none | read", ITEM);
    assert_eq!(error, "`none` and `read` are mutually exclusive; remove one");
    for other in ["read", "edge_triggered", "exclusive", "none"] {
        let error = one_error(&format!("interest = doorbell | {other}"), ITEM);
        assert!(error.ends_with("are mutually exclusive; remove one"), "{error}");
    }
}

#[test]
fn only_a_struct_with_named_fields_is_a_subscriber() {
    let read = "interest = read";
    assert_eq!(
        one_error(read, "enum Either { A, B }"),
        "`#[subscriber]` may only be used on a struct, found `enum`; put the enum into a field of one"
    );
    assert_eq!(
        one_error(read, "union Both { a: u8 }"),
        "`#[subscriber]` may only be used on a struct, found `union`; put the union into a field of one"
    );
    assert_eq!(
        one_error(read, "struct Tuple(#[fd] File);"),
        "expected a struct with named fields, found a tuple struct; name the fields and mark the fd with `#[fd]`"
    );
    assert_eq!(
        one_error(read, "struct Unit;"),
        "expected a struct with named fields, found a unit struct; name the fields and mark the fd with `#[fd]`"
    );
    for item in
        ["fn f() {}", "impl Echo {}", "pub trait Trait {}", "mod m;", "const X: u8 = 3;", ""]
    {
        assert_eq!(one_error(read, item), "`#[subscriber]` may only be used on a struct");
    }
}

#[test]
fn a_subscriber_is_static() {
    let error = one_error("interest = read", "struct Echo<'a> { #[fd] stream: Stream<'a> }");
    assert_eq!(
        error,
        "a subscriber must be `'static` in order to be owned by the reactor; remove `'a`, or hold what it borrows by value or in an `Rc`"
    );
}

#[test]
fn an_fd_is_marked_once() {
    let error = one_error("interest = read", "struct Net { #[fd] #[fd] a: File }");
    assert_eq!(error, "duplicate `#[fd]`; remove one");
}

#[test]
fn an_fd_field_is_not_named_like_an_event() {
    let error = one_error("interest = read", "struct Net { #[fd] hangup: File }");
    assert_eq!(
        error,
        "an `#[fd]` field may not be named like the event `hangup`; rename the field"
    );
}

#[test]
fn an_unknown_option_of_an_fd_is_named() {
    let error = one_error("interest = read", "struct Net { #[fd(rwa)] file: File }");
    assert_eq!(error, "unknown option `rwa` of `#[fd]`; did you mean `raw`?");
    let error = one_error("interest = read", "struct Net { #[fd(color)] file: File }");
    assert_eq!(
        error,
        "unknown option `color` of `#[fd]`; expected `interest`, `group`, `raw` or `with`"
    );
    let error = one_error("interest = read", "struct Net { #[fd(interest = write)] file: File }");
    assert_eq!(error, "duplicate option `interest`; remove one");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let item = "struct Net<'a> { #[fd(color)] readable: File, name: &'a str }";
    assert_eq!(errors("interest = raed | write | write, color = red", item).len(), 6);
}

#[test]
fn after_an_error_the_impls_are_there() {
    let item = parse("#[__eventp()] struct Echo<T: AsFd> where T: Clone { #[fd] stream: T }");
    let expansion = entry::derive_subscriber(item).to_string();
    for part in ["AsFd for Echo", "HasInterest for Echo", "where T : Clone", "compile_error"] {
        assert!(expansion.contains(part), "{part} in {expansion}");
    }
}

#[test]
fn the_struct_is_passed_on_token_by_token() {
    let item =
        "#[doc = r\" A\"] pub(crate) struct r#Type<T> where T: Clone { #[cfg(x)] #[fd] a: T }";
    let expansion = entry::subscriber(parse("interest = read"), parse(item)).to_string();
    assert!(expansion.contains(&parse(item).to_string()), "{expansion}");
}
