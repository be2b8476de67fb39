//! What the macros write, token by token: `docs/expansion.md` shows the same simplified.
//!
//! A difference is not a mistake, but it is something that each user's compiler has to check. Read it, bring `docs/expansion.md` up to date, and bless
//! it by `scripts/bless`.

use proc_macro2::TokenStream;

use super::parse;
use crate::entry;

/// Laid out as `rustfmt` would.
fn lay_out(expansion: TokenStream) -> String {
    let text = expansion.to_string();
    let file = syn_2::parse_file(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    prettyplease::unparse(&file)
}

#[track_caller]
fn expand(macro_: fn(TokenStream, TokenStream) -> TokenStream, args: &str, item: &str) -> String {
    lay_out(macro_(parse(args), parse(item)))
}

fn derive(item: &str) -> String {
    lay_out(entry::derive_subscriber(parse(item)))
}

const NET: &str = "
    #[__eventp()]
    struct Net {
        #[fd(interest = read)]
        activate: EventFd,
        #[fd(interest = read, group = active)]
        queues: Vec<EventFd>,
        #[fd(interest = read, group = active, raw)]
        limiter: TimerFd,
        #[fd(interest = read | edge_triggered, group = active)]
        tap: Option<File>,
        #[fd(interest = read, with = completion_fd, group = active)]
        disk: Disk,
        active: bool,
    }
";

#[test]
fn of_a_struct_the_hidden_derive() {
    let item = "/// Echoes.\npub struct Echo { #[fd] stream: TcpStream }";
    insta::assert_snapshot!(expand(entry::subscriber, "interest = read | edge_triggered", item));
}

#[test]
fn of_a_struct_with_one_fd() {
    insta::assert_snapshot!(derive(
        "#[__eventp(interest = read | edge_triggered)] struct Echo { #[fd] stream: TcpStream }"
    ));
}

#[test]
fn of_a_struct_with_several_fds() {
    insta::assert_snapshot!(derive(NET));
}

#[test]
fn of_an_impl_for_one_fd() {
    insta::assert_snapshot!(expand(
        entry::handler,
        "",
        "impl Echo {
            #[on(readable)]
            fn echo(&mut self, server: &mut Server, event: Event) -> io::Result<Flow> { todo!() }
            #[on(writable)]
            fn flush(&mut self, reactor: Pinned<'_, impl EventpOps>) { todo!() }
        }",
    ));
}

#[test]
fn of_an_impl_for_several_fds() {
    insta::assert_snapshot!(expand(
        entry::handler,
        "",
        "impl Net {
            #[on(activate)]
            fn activated(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> { todo!() }
            #[on(queues | limiter)]
            fn kicked(&mut self, port: Port) {}
            #[on(tap | disk, readable)]
            fn frames(&mut self) -> io::Result<()> { todo!() }
        }",
    ));
}

#[test]
fn of_a_function() {
    insta::assert_snapshot!(expand(
        entry::handler,
        "",
        "fn on_connection(listener: &mut impl Accept, reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> { todo!() }",
    ));
}

#[test]
fn of_a_function_with_a_state() {
    insta::assert_snapshot!(expand(
        entry::handler,
        "crate = crate::renamed",
        "fn on_data<T: Read>(fd: &mut T, state: &mut Server, key: Key) -> Flow { todo!() }",
    ));
}

#[test]
fn of_a_mistake() {
    insta::assert_snapshot!(expand(
        entry::handler,
        "",
        "impl Echo { #[on(readabel)] fn echo(&mut self) {} }",
    ));
}
