//! Parameters that are told from the arguments, and some that are named.
use std::io::Write;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Flow, Pinned, handler, interest};

#[handler]
fn write<W: Write>(fd: &mut W, mut reactor: Pinned<'_, impl EventpOps>) {
    fd.write_all(b"hello").unwrap();
    reactor.stop();
}

#[handler]
fn parse<T: Default + ToString, const N: usize>(fd: &mut UnixStream) -> Flow {
    fd.write_all(T::default().to_string().repeat(N).as_bytes()).unwrap();
    Flow::Stop
}

fn main() {
    let (stream, peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::new().unwrap();
    reactor.on(interest().write().with_fd(stream), write::handler).unwrap();
    reactor.on(interest().write().with_fd(peer), parse::handler::<u8, 3, _>).unwrap();
    reactor.run().unwrap();
}
