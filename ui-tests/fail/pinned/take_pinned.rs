//! The `Pinned` of a call cannot be taken out of it and another left in its place.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, interest};

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor
        .on(interest().read().with_fd(stream), |mut d| {
            _ = std::mem::take(&mut d.reactor);
        })
        .unwrap();
}
