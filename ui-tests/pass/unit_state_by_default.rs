//! `Eventp` alone is `Eventp<()>`, and a handler may ask for that.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, handler, interest};

#[handler]
fn stop(_stream: &mut UnixStream, state: &mut (), mut reactor: eventp::Pinned<'_, Eventp>) {
    *state = ();
    reactor.stop();
}

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::new().unwrap();
    reactor.on(interest().write().with_fd(stream), stop::handler).unwrap();
    reactor.run().unwrap();
}
