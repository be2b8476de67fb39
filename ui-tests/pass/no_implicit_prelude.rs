//! No prelude, and names of the prelude that mean something else.

#![no_implicit_prelude]
#![deny(warnings)]
#![forbid(unsafe_code)]
#![allow(dead_code)]

use ::eventp::Register as _;

struct Result;
struct Option;
struct Ok;
struct Err;
struct Some;
struct None;
trait Into {}
trait Sized {}
mod core {}
mod std {}

#[::eventp::subscriber(interest = read | wakeup | exclusive)]
struct Pair {
    #[fd]
    stream: ::std::os::unix::net::UnixStream,
}

#[::eventp::handler]
impl Pair {
    #[on(readable)]
    fn read(&mut self, state: &mut u8, _: ::eventp::Event) -> ::std::io::Result<()> {
        *state += 1;
        ::std::io::Result::Ok(())
    }

    #[on(readable | writable)]
    fn again(&mut self, _: ::eventp::Pinned<'_, impl ::eventp::EventpOps>) {}
}

#[::eventp::subscriber]
struct Several {
    #[fd(interest = read)]
    one: ::std::os::unix::net::UnixStream,
    #[fd(interest = doorbell, raw, group = later)]
    two: ::std::vec::Vec<::eventp::Doorbell>,
    #[fd(interest = read, with = borrow)]
    three: ::std::os::unix::net::UnixStream,
}

fn borrow(stream: &::std::os::unix::net::UnixStream) -> ::std::os::fd::BorrowedFd<'_> {
    ::std::os::fd::AsFd::as_fd(stream)
}

#[::eventp::handler]
impl Several {
    #[on(one | three)]
    fn one(&mut self) {}

    #[on(two, readable)]
    fn two(&mut self, _: ::eventp::Port) {}
}

#[::eventp::handler]
fn free(_fd: &mut impl ::std::io::Read, state: &mut u8) -> ::eventp::Flow {
    *state += 1;
    ::eventp::Flow::Keep
}

fn main() -> ::std::io::Result<()> {
    let mut reactor = ::eventp::Eventp::<u8>::new()?;
    let (ours, theirs) = ::std::os::unix::net::UnixStream::pair()?;
    Pair { stream: ours }.register_into(&mut reactor)?;
    let (one, three) = ::std::os::unix::net::UnixStream::pair()?;
    Several { one, two: ::std::vec::Vec::new(), three }.register_into(&mut reactor)?;
    reactor.on(::eventp::interest().read().with_fd(theirs), free::handler)?;
    ::std::io::Result::Ok(())
}
