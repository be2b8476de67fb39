//! A crate with strict lints, none of which may be about what the macros wrote.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused, nonstandard_style)]
#![deny(rust_2018_idioms, future_incompatible, let_underscore, single_use_lifetimes, unused_lifetimes)]
#![deny(elided_lifetimes_in_paths, unused_qualifications, unused_results, trivial_casts, unnameable_types)]
#![deny(missing_copy_implementations, redundant_lifetimes, unit_bindings, unused_import_braces)]
#![forbid(unsafe_code)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Flow, Key, Pinned, Register, handler, interest, subscriber};

/// A state with a lifetime.
#[derive(Debug)]
pub struct Server<'a> {
    name: &'a str,
}

/// A subscriber that others see.
#[subscriber(interest = read | edge_triggered)]
#[derive(Debug)]
pub struct Public {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Public {
    /// A handler that others see.
    ///
    /// # Errors
    ///
    /// None.
    #[on(readable)]
    pub fn read(&mut self, server: &mut Server<'_>) -> io::Result<()> {
        assert!(!server.name.is_empty());
        let _ = &self.stream;
        Ok(())
    }

    #[on(writable)]
    fn write(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<Flow> {
        reactor.modify(key, interest().read())?;
        Ok(Flow::Keep)
    }
}

/// A subscriber with several fds that others see.
#[subscriber]
#[derive(Debug)]
pub struct Several<T: std::os::fd::AsFd + 'static> {
    #[fd(interest = read)]
    one: T,
    #[fd(interest = read, group = later)]
    many: Vec<UnixStream>,
}

#[handler]
impl<T: std::os::fd::AsFd> Several<T> {
    #[on(one)]
    fn one(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        let _ = (&self.one, &self.many);
        reactor.arm(key, self, Self::MANY)
    }

    #[on(many, readable | hangup)]
    fn many(&mut self) {}
}

/// A subscriber with several fds that nobody outside sees, and whose constants are not used.
#[subscriber]
#[derive(Debug)]
struct Secret {
    #[fd(interest = read)]
    one: UnixStream,
    #[fd(interest = read, group = later)]
    two: UnixStream,
}

#[handler]
impl Secret {
    #[on(one | two)]
    fn both(&mut self) {
        let _ = (&self.one, &self.two);
    }
}

/// A function that others see.
#[handler]
pub fn public<'a>(stream: &'a mut UnixStream, state: &mut Server<'_>) {
    let _: &'a mut UnixStream = stream;
    assert!(!state.name.is_empty());
}

mod private {
    #[super::handler]
    pub(super) fn in_module(_stream: &mut super::UnixStream) {}

    #[super::handler]
    pub(in super::private) fn never_registered(_stream: &mut super::UnixStream) {}

    pub(super) fn call(stream: &mut super::UnixStream) {
        never_registered(stream);
    }
}

fn main() -> io::Result<()> {
    let name = String::from("server");
    let server = Server { name: &name };
    let mut reactor = Eventp::<Server<'_>>::new()?;
    let (ours, mut theirs) = UnixStream::pair()?;
    private::call(&mut theirs);
    let _ = Public { stream: ours }.register_into(&mut reactor)?;
    let _ = reactor.on(interest().read().with_fd(theirs.try_clone()?), private::in_module::handler)?;
    let _ = reactor.on(interest().read().with_fd(theirs), public::handler)?;
    let (one, two) = UnixStream::pair()?;
    let _ = Several { one, many: vec![two] }.register_into(&mut reactor)?;
    let (one, two) = UnixStream::pair()?;
    let _ = Secret { one, two }.register_into(&mut reactor)?;
    drop(server);
    Ok(())
}
