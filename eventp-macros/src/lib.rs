//! The procedural macros of the `eventp` crate; use them through it.
//!
//! From the tokens of an item to the tokens that stand beside it, the way is the same for each macro:
//!
//! | stage | file | from -> to |
//! |---|---|---|
//! | entry | `entry.rs` | drives the stages |
//! | parse | `*/parse.rs` | tokens -> syntax; judges nothing |
//! | lower | `*/model.rs` | syntax -> a model that cannot hold an illegal state, or errors |
//! | emit | `*/codegen.rs` | model -> tokens; cannot fail |
//! | recover | `*/recover.rs` | after errors: the item, and stand-ins so that no second error follows |
//!
//! Shared are `diag.rs` (collects errors), `args.rs` (option lists), `tokens.rs` (items as plain tokens), `spell.rs` (tokens as text),
//! `event_names.rs` (which words are events) and `paths.rs` (the only file that spells the runtime crate's paths). The two macros know
//! nothing of each other.

#![forbid(unsafe_code)]

mod args;
mod diag;
mod entry;
mod event_names;
mod handler;
mod paths;
mod spell;
mod subscriber;
#[cfg(test)]
mod tests;
mod tokens;

use proc_macro::TokenStream;

/// Makes a struct with `#[fd]` fields a subscriber.
///
/// With one fd, it writes `AsFd` and `HasInterest`:
///
/// ```ignore
/// #[subscriber(interest = read | edge_triggered)]
/// struct Echo { #[fd] stream: TcpStream }
/// ```
///
/// With several, each has its own interest, and the struct gets a constant for each field and each group, such as `Net::TAP`:
///
/// ```ignore
/// #[subscriber]
/// struct Net {
///     #[fd(interest = doorbell)]                activate: Doorbell,
///     #[fd(interest = read, group = active)]    queues: Vec<EventFd>,
///     #[fd(interest = read, group = active)]    tap: Option<File>,
/// }
/// ```
///
/// Options:
///
/// - `interest = FLAGS`, for a struct with one fd: a list with `|` of `read`, `write`, `read_hangup`, `priority`, `edge_triggered`,
///   `oneshot`, `exclusive` and `wakeup`; or `interest = none`; or `interest = doorbell`, for an eventfd that is never read; or
///   `interest = const EXPR` with an `Interest` or an `Exclusive`.
/// - `crate = path`, where the `eventp` crate is, if not at `::eventp`.
///
/// Options of `#[fd(..)]`, on fields that are an fd, or an `Option`, an array or a `Vec` of fds:
///
/// - `interest = ..`, as above.
/// - `group = name`: not watched until the group is armed, as in `reactor.arm(key, self, Net::NAME)`.
/// - `raw`, for types that have only `AsRawFd`.
/// - `with = path`, for an fd behind a `fn(&FieldType) -> BorrowedFd<'_>`.
#[proc_macro_attribute]
pub fn subscriber(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::subscriber(args.into(), item.into()).into()
}

/// Does the work of [`macro@subscriber`], on the struct as `cfg` leaves it.
#[doc(hidden)]
#[proc_macro_derive(__Subscriber, attributes(fd, __eventp))]
pub fn derive_subscriber(item: TokenStream) -> TokenStream {
    entry::derive_subscriber(item.into()).into()
}

/// Makes the methods of an inherent `impl`, or a free function, the handler of a subscriber.
///
/// ```ignore
/// #[handler]
/// impl Echo {
///     #[on(readable)]
///     fn echo(&mut self, server: &mut Server) -> io::Result<Flow> { .. }
/// }
///
/// #[handler]
/// fn on_connection(listener: &mut impl Accept, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> { .. }
/// // registered as `on_connection::handler`
/// ```
///
/// In an `impl`, methods are marked with `#[on(EVENTS)]`, a list with `|` of `readable`, `writable`, `priority`, `error`,
/// `hangup` and `read_closed`; or one method is called `handle` and gets every event. What is for several methods calls them in the order in
/// which they are written, until one fails or removes the subscriber. All handlers of a type are in one `impl`.
///
/// Where the struct has several fds, `#[on(PORTS)]` names their fields, as in `#[on(rx | tx)]`, and `#[on(PORTS, EVENTS)]` both, as in
/// `#[on(tap, readable)]`. Every fd has to have a handler; and so has what its interest asks for by `read`, `write` and `priority`, also where there is one fd.
///
/// A handler asks for parameters in any order: `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>`, `&mut` the state,
/// and, in a free function, `&mut` the fd. There, the state is the parameter that is named `state` or marked `#[state]`.
///
/// The option `crate = path` says where the `eventp` crate is, if not at `::eventp`.
///
/// Two known limits. A function with `#[handler]` and a module cannot have the same name in one place (E0428). And with a state that borrows
/// (`Eventp<Server<'a>>`), a function is registered by a closure, `|d| f::handler(d)`: the type of `f::handler` itself contains the
/// state's, and what is registered may not borrow.
#[proc_macro_attribute]
pub fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::handler(args.into(), item.into()).into()
}
