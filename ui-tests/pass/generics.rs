//! Generic subscribers and generic functions: bounds, where clauses, const generics, defaults, named lifetimes.

#![deny(warnings)]

#![allow(dead_code, unused_braces)]

use std::fmt::Debug;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Flow, Key, Pinned, Register, handler, interest, subscriber};

/// Documented, with attributes.
#[subscriber(interest = read)]
#[derive(Debug)]
#[must_use]
pub(crate) struct Reader<T: AsFd + 'static, const N: usize = 64>
where
    T: Read + Debug,
{
    /// The source.
    #[fd]
    pub(crate) source: T,
    buffer: [u8; N],
}

#[handler]
impl<T: AsFd, const N: usize> Reader<T, N>
where
    T: Read + Debug,
{
    #[on(readable)]
    fn read(&mut self, count: &mut usize) -> io::Result<Flow> {
        *count += self.source.read(&mut self.buffer)?;
        Ok(Flow::Keep)
    }

    fn _const_argument(&self) -> [u8; { 2 + 1 }] {
        [0; 3]
    }

    fn _const_generic() -> Array<{ 1 + 1 }> {
        todo!()
    }
}

#[subscriber(interest = read)]
struct Array<const N: usize> {
    #[fd]
    stream: UnixStream,
    bytes: [u8; N],
}

#[handler]
impl Array<{ 1 + 1 }> {
    #[on(readable)]
    fn read(&mut self) {
        let _ = self.bytes;
    }
}

trait Counter {
    fn count(&mut self);
}

impl Counter for usize {
    fn count(&mut self) {
        *self += 1;
    }
}

#[handler]
fn generic<T, const N: usize, S>(source: &mut Buffered<T, N>, state: &mut S)
where
    T: Read,
    S: Counter,
{
    state.count();
    let _ = source.0.read(&mut source.1);
}

struct Buffered<T, const N: usize>(T, [u8; N]);

impl<T: AsFd, const N: usize> AsFd for Buffered<T, N> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[handler]
fn nested_impls(
    source: &mut Buffered<impl Read, 8>,
    state: &mut impl Counter,
    mut reactor: Pinned<'_, impl EventpOps<State = impl Counter>>,
    key: Key,
) -> io::Result<()> {
    state.count();
    let _ = source.0.read(&mut source.1)?;
    reactor.delete(key)
}

#[handler]
fn named_lifetimes<'r, 'fd: 'r>(
    source: &'fd mut (impl Read + Debug),
    reactor: Pinned<'r, impl EventpOps>,
) -> io::Result<()> {
    let _ = (source, reactor);
    Ok(())
}

#[handler]
fn own_parameter<Ep>(source: &mut UnixStream, mut reactor: Pinned<'_, Ep>, state: &mut usize, key: Key) -> io::Result<()>
where
    Ep: EventpOps<State = usize>,
{
    *state += source.read(&mut [0])?;
    reactor.delete(key)
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<usize>::new()?;
    let pair = || UnixStream::pair().map(|(ours, _)| ours);
    Reader::<_, 64> { source: pair()?, buffer: [0; 64] }.register_into(&mut reactor)?;
    reactor.on(interest().read().with_fd(Buffered(pair()?, [0; 8])), generic::handler)?;
    reactor.on(interest().read().with_fd(Buffered(pair()?, [0; 8])), nested_impls::handler)?;
    reactor.on(interest().read().with_fd(pair()?), named_lifetimes::handler)?;
    reactor.on(interest().read().with_fd(pair()?), own_parameter::handler)?;
    let mut count = 0;
    reactor.run_once_with(&mut count, None)?;
    assert_eq!(count, 2);
    Ok(())
}
