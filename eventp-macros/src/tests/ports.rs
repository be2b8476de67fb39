//! Several fds, in both macros.

use super::{check_style, errors_in, mask, parse};
use crate::entry;

fn errors(item: &str) -> Vec<String> {
    let errors = errors_in(entry::derive_subscriber(parse(&format!("#[__eventp()] {item}"))));
    check_style(&errors);
    errors
}

fn errors_of_on(list: &str) -> Vec<String> {
    let item = format!("impl Net {{ #[on({list})] fn x(&mut self) {{}} }}");
    let errors = errors_in(entry::handler(parse(""), parse(&item)));
    check_style(&errors);
    errors
}

#[track_caller]
fn one(errors: Vec<String>) -> String {
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.into_iter().next().unwrap_or_default()
}

/// The one error of a struct with these fields.
#[track_caller]
fn of_fields(fields: &str) -> String {
    one(errors(&format!("struct Net {{ {fields} }}")))
}

fn expand_struct(item: &str) -> String {
    entry::derive_subscriber(parse(item)).to_string()
}

fn expand_impl(methods: &str) -> String {
    entry::handler(parse(""), parse(&format!("impl Net {{ {methods} }}"))).to_string()
}

#[test]
fn right_structs_have_no_errors() {
    for fields in [
        "#[fd(interest = read)] a: File, #[fd(interest = write | oneshot)] b: File",
        "#[fd(interest = read, group = g)] a: Vec<File>, #[fd(group = g, interest = doorbell)] b: Bell",
        "#[fd(interest = read, raw)] a: Timer",
        "#[fd(interest = read, with = <Disk as Completion>::fd)] a: Disk",
        "#[fd(interest = const A | B)] r#type: File, #[fd(interest = exclusive | read, group = r#loop)] b: [File; 2]",
        "#[fd(interest = read)] read: File, #[fd(interest = write)] write: File",
        "#[fd(interest = read)] a: Option<File>",
    ] {
        assert_eq!(errors(&format!("struct Net {{ {fields} }}")), [""; 0], "{fields}");
    }
}

#[test]
fn what_one_plain_fd_cannot_say_is_several() {
    let forms = [
        ("#[fd(interest = read)] a: File", false),
        ("#[fd(interest = read)] a: my::Queues", false),
        ("#[fd(interest = read)] a: Vec<File>", true),
        ("#[fd(interest = read)] a: std::option::Option<File>", true),
        ("#[fd(interest = read)] a: ([File; 3])", true),
        ("#[fd(interest = read, raw)] a: File", true),
        ("#[fd(interest = read, group = g)] a: File", true),
        ("#[fd(interest = read, with = f)] a: File", true),
        ("#[fd(interest = read)] a: File, #[fd(interest = read)] b: File", true),
    ];
    for (fields, is_several) in forms {
        let expansion = expand_struct(&format!("#[__eventp()] struct Net {{ {fields} }}"));
        assert_eq!(expansion.contains("Ports for Net"), is_several, "{expansion}");
        assert_eq!(expansion.contains("AsFd for Net"), !is_several, "{expansion}");
    }
}

#[test]
fn each_field_has_its_own_interest() {
    let item =
        "#[__eventp(interest = read)] struct Net { #[fd] a: File, #[fd(interest = read)] b: File }";
    assert_eq!(
        one(errors_in(entry::derive_subscriber(parse(item)))),
        "`interest` may only be used here for one plain `#[fd]`; write it on each field, as in `#[fd(interest = read)]`"
    );
    assert_eq!(
        errors("struct Net { #[fd] a: File, #[fd(group = g)] b: File }"),
        ["missing interest; write `#[fd(interest = read)]`"; 2]
    );
}

#[test]
fn options_are_checked() {
    for (options, message) in [
        ("interest = read, gruop = a", "unknown option `gruop` of `#[fd]`; did you mean `group`?"),
        ("interest = read, write", "unknown option `write`; interest flags are joined by `|`"),
        ("interest = read, raw, raw", "duplicate option `raw`; remove one"),
        ("interest = read, raw = 3", "`raw` takes no value; write `#[fd(interest = read, raw)]`"),
        ("interest = read, group", "expected the name of a group; write `group = name`"),
        ("interest = read, group = \"a\"", "expected the name of a group; write `group = name`"),
        (
            "interest = read, with = |it| it.fd",
            "expected the path of a function; write `with = path`, for a `fn(&FieldType) -> BorrowedFd<'_>`",
        ),
        (
            "interest = read, raw, with = f",
            "`raw` and `with` are mutually exclusive; the function of `with` says where the fd is, remove `raw`",
        ),
        ("interest = raed", "unknown interest flag `raed`; did you mean `read`?"),
    ] {
        let fields = format!("#[fd({options})] a: File, #[fd(interest = read)] b: File");
        assert_eq!(of_fields(&fields), message);
    }
}

#[test]
fn names_do_not_collide() {
    for (fields, message) in [
        (
            "#[fd(interest = read)] tx: File, #[fd(interest = read)] TX: File",
            "`tx` and `TX` would both be `Net::TX`; rename one",
        ),
        (
            "#[fd(interest = read)] r#type: File, #[fd(interest = read)] TYPE: File",
            "`r#type` and `TYPE` would both be `Net::TYPE`; rename one",
        ),
        (
            "#[fd(interest = read)] tx: File, #[fd(interest = read, group = tx)] rx: File",
            "the group `tx` is named like the field `tx`; rename the group",
        ),
        (
            "#[fd(interest = read)] tx: File, #[fd(interest = read, group = Tx)] rx: File",
            "`tx` and `Tx` would both be `Net::TX`; rename one",
        ),
        (
            "#[fd(interest = read, group = a)] x: File, #[fd(interest = read, group = A)] y: File",
            "`a` and `A` would both be `Net::A`; rename one",
        ),
        (
            "#[fd(interest = read)] hangup: File, #[fd(interest = read)] b: File",
            "an `#[fd]` field may not be named like the event `hangup`; rename the field",
        ),
        (
            "#[fd(interest = read)] errors: File, #[fd(interest = read)] b: File",
            "an `#[fd]` field may not be named `errors`, which `#[on(errors)]` takes for the event `error`; rename the field",
        ),
    ] {
        assert_eq!(of_fields(fields), message);
    }
}

#[test]
fn there_are_at_most_64_fields() {
    let fields = |number| {
        let fields: String =
            (0..number).map(|at| format!("#[fd(interest = read)] f{at}: File, ")).collect();
        format!("struct Net {{ {fields} }}")
    };
    assert_eq!(errors(&fields(64)), [""; 0]);
    for number in [65, 300] {
        assert_eq!(
            one(errors(&fields(number))),
            "a subscriber may only have 64 `#[fd]` fields; join some in a `Vec`, or split the struct"
        );
    }
}

#[test]
fn after_an_error_the_names_are_there() {
    let item = "struct Net<T> { #[fd(interest = raed, group = active)] tap: T, #[fd] r#type: T }";
    let expansion = expand_struct(item);
    for part in ["Ports for Net", "TAP :", "TYPE :", "ACTIVE :"] {
        assert!(expansion.contains(part), "{part} in {expansion}");
    }
}

#[test]
fn groups_are_not_armed_and_have_a_constant() {
    let expansion = expand_struct(
        "#[__eventp()] pub struct Net { #[fd(interest = read)] a: File, #[fd(interest = read, group = g)] b: File, #[fd(interest = read, group = g)] c: File }",
    );
    assert_eq!(expansion.matches("armed : true").count(), 1, "{expansion}");
    assert_eq!(expansion.matches("armed : false").count(), 2, "{expansion}");
    assert!(expansion.contains("pub const G : :: eventp :: PortSet < Self >"), "{expansion}");
    assert!(expansion.contains("of_fields (6)"), "{expansion}");
}

#[test]
fn lists_of_ports_are_checked() {
    for list in ["tap", "rx | tx", "tap, readable", "tap | disk, readable | hangup", "read", "type"]
    {
        assert_eq!(errors_of_on(list), [""; 0], "{list}");
    }
    let mixed = "`readable` is an event and `tap` is none; ports and their events are separated by a comma, as in `#[on(tap, readable)]`";
    for (list, message) in [
        ("tap | readable", mixed),
        ("readable | tap", mixed),
        (
            "readable, tap",
            "expected a port, found the event `readable`; ports come first, as in `#[on(tap, readable)]`",
        ),
        (
            "a, b, c",
            "expected ports and events, as in `#[on(tap, readable)]`; several of either are joined by `|`",
        ),
        ("tap, raedable", "unknown event `raedable`; did you mean `readable`?"),
        (
            "tap, disk",
            "unknown event `disk`; expected `readable`, `writable`, `priority`, `error`, `hangup` or `read_closed`",
        ),
        ("tap | tap", "duplicate port `tap`; remove one"),
        ("tap, readable | readable", "duplicate event `readable`; remove one"),
        ("self", "expected a port, found `self`; name a field with `#[fd]`"),
        (", readable", "expected a port on each side of `,`"),
        ("tap |, readable", "expected a port on each side of `|`"),
    ] {
        assert_eq!(one(errors_of_on(list)), message, "{list}");
    }
}

/// What the compiler is to check of handlers with these methods: the masks of the ports in source order and of all ports, or `None`.
fn checked(methods: &str) -> Option<(Vec<String>, String)> {
    let expansion = expand_impl(methods);
    let (before, after) = expansion.split_once("assert_handled (__fields , __of_ports , ")?;
    let (_, ports) = before.split_once("__of_ports = & [")?;
    let masks = ports.split("mark it with `#[fd(interest = ..)]`\") , ").skip(1);
    let masks = masks.map(|it| it.split(')').next().unwrap_or_default().to_owned());
    Some((masks.collect(), after.split(')').next()?.to_owned()))
}

#[test]
fn every_port_has_to_be_handled_unless_a_method_is_for_all() {
    let some = "#[on(tap)] fn a(&mut self) {}";
    let every = mask("READABLE WRITABLE PRIORITY ERROR HANGUP READ_CLOSED");
    assert_eq!(checked(some), Some((vec![every], "0".to_owned())));
    let all = "#[on(readable | writable | priority)] fn b(&mut self) {}";
    assert_eq!(checked(&format!("{some} {all}")), None);
    assert!(!expand_impl(&format!("{some} {all}")).contains("assert_handled"));
    assert!(!expand_impl("fn handle(&mut self) {}").contains("assert_"));
}

#[test]
fn every_event_that_an_interest_asks_for_has_to_be_handled() {
    // Those of one port count together, and so do those of all ports.
    let tap =
        "#[on(tap, readable)] fn a(&mut self) {} #[on(rx | tap, writable)] fn b(&mut self) {}";
    assert_eq!(
        checked(tap),
        Some((vec![mask("READABLE WRITABLE"), mask("WRITABLE")], "0".to_owned()))
    );
    let any = "#[on(hangup)] fn c(&mut self) {}";
    assert_eq!(
        checked(&format!("{tap} {any}")),
        Some((vec![mask("READABLE WRITABLE HANGUP"), mask("WRITABLE HANGUP")], mask("HANGUP")))
    );
    let handled = format!(":: Known :: < Net > :: ASKS , {})", mask("READABLE WRITABLE ERROR"));
    let expansion = expand_impl(
        "#[on(readable)] fn a(&mut self) {} #[on(writable | error)] fn b(&mut self) {}",
    );
    assert!(expansion.contains(&handled), "{expansion}");
}

#[test]
fn an_event_of_which_a_configuration_has_no_method_is_missed_in_that_one() {
    let expansion = expand_impl(
        "#[on(readable)] fn a(&mut self) {} #[cfg(x)] #[on(writable)] fn b(&mut self) {}",
    );
    for (configuration, events) in [("not (x)", "READABLE"), ("x", "READABLE WRITABLE")] {
        let check = format!("# [cfg (all ({configuration}))] const _ : () =");
        let (_, after) = expansion.split_once(&check).unwrap_or_else(|| panic!("{expansion}"));
        let (check, _) = after.split_once(';').and_then(|(_, it)| it.split_once(';')).unwrap();
        assert!(check.contains(&format!("ASKS , {})", mask(events))), "{check}");
    }
}

#[test]
fn a_field_says_what_its_interest_asks_for_as_far_as_that_is_known() {
    let text = |flag: &str, event: &str| {
        format!(
            "\"interest `{flag}` of field `loop` has no handler; add `#[on(r#loop, {event})]` to a method, or remove `{flag}` from the interest\""
        )
    };
    let (read, write) = (&*text("read", "readable"), &*text("write", "writable"));
    let (priority, none) = (&*text("priority", "priority"), "\"\"");
    for (interest, unheard, asks) in [
        ("read | edge_triggered", [read, none, none], "READABLE"),
        ("exclusive | write | read", [read, none, write], "READABLE WRITABLE"),
        ("priority", [none, priority, none], "PRIORITY"),
        ("read_hangup", [none; 3], ""),
        ("none", [none; 3], ""),
        ("doorbell", [none; 3], ""),
        ("const READ", [none; 3], ""),
    ] {
        let expansion = expand_struct(&format!(
            "#[__eventp()] struct Net {{ #[fd(interest = {interest}, raw)] r#loop: File }}"
        ));
        let unheard = format!("unheard : [{}]", unheard.join(" , "));
        assert!(expansion.contains(&unheard), "{unheard} in {expansion}");
        let asks = mask(asks);
        assert!(expansion.contains(&format!("ASKS : u32 = {asks} ;")), "{asks} in {expansion}");
    }
}

#[test]
fn a_name_that_is_no_port_is_reported_at_the_word() {
    let expansion = expand_impl("#[on(tap)] fn a(&mut self) {}");
    assert!(expansion.contains("let _ = & __this . tap ;"), "{expansion}");
    assert!(
        expansion.contains("field `tap` is not an fd; mark it with `#[fd(interest = ..)]`"),
        "{expansion}"
    );
}

#[test]
fn a_word_that_looks_like_an_event_is_a_port_if_there_is_one_and_else_reported() {
    for (words, path, text) in [
        (
            "read",
            "PortOrEvent < read , readable >",
            "`read` is no field with `#[fd(..)]` and no event; did you mean `readable`?",
        ),
        ("reading | wri", "< wri , writable >", "and no event; did you mean `writable`?"),
        ("oneshot", "PortOrFlag < oneshot >", "and no event; expected `readable`, "),
        ("out | tap", "NamedPorts", "field `out` is not an fd; mark it"),
    ] {
        let expansion = expand_impl(&format!("#[on({words})] fn a(&mut self) {{}}"));
        assert!(expansion.contains(path) && expansion.contains(text), "{words}: {expansion}");
    }
}

#[test]
fn a_word_beside_a_port_is_one() {
    for methods in [
        "#[on(read)] fn a(&mut self) {} #[on(tap)] fn b(&mut self) {}",
        "#[on(read | tap)] fn a(&mut self) {}",
        "#[on(read, hangup)] fn a(&mut self) {}",
        "#[on(read_end)] fn a(&mut self) {}",
    ] {
        let expansion = expand_impl(methods);
        assert!(expansion.contains("NamedPorts"), "{expansion}");
        assert!(!expansion.contains("PortOrEvent"), "{expansion}");
    }
    let item = parse("impl Pipe<read> { #[on(read)] fn a(&mut self) {} }");
    let expansion = entry::handler(parse(""), item).to_string();
    assert!(!expansion.contains("PortOrEvent"), "{expansion}");
}

#[test]
fn events_that_nobody_names_go_to_those_who_read_the_port() {
    let is = |port: &str| {
        format!(
            "__d . port . field () == const {{ :: eventp :: __private :: port_number (< Net as :: eventp :: __private :: Ports > :: FIELDS , \"{port}\" , \"\") }}"
        )
    };
    let expansion = expand_impl(
        "#[on(tap, readable)] fn a(&mut self) {} #[on(tap, hangup)] fn b(&mut self) {} #[on(writable)] fn c(&mut self) {}",
    );
    for part in [
        format!(
            "if {} && :: eventp :: __private :: reports (__d . event , {})",
            is("tap"),
            mask("READABLE ERROR READ_CLOSED")
        ),
        format!(
            "if {} && :: eventp :: __private :: reports (__d . event , {})",
            is("tap"),
            mask("HANGUP")
        ),
        format!(
            "reports (__d . event , if {} {{ {} }} else {{ {} }})",
            is("tap"),
            mask("WRITABLE"),
            mask("WRITABLE ERROR HANGUP READ_CLOSED")
        ),
    ] {
        assert!(expansion.contains(&part), "{part} in {expansion}");
    }
}
