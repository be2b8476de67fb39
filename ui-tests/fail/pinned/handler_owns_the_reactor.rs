//! A handler cannot own the reactor that owns it, to drop it while it runs.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, interest};

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.on(interest().read().with_fd(stream), move |_| drop(reactor)).unwrap();
}
