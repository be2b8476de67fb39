//! Nor can it borrow it, to run it.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, interest};

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.on(interest().read().with_fd(stream), |_| _ = reactor.run_once(None)).unwrap();
}
