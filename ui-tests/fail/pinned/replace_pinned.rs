//! The view of another reactor cannot be put in the place of that of the running one, and kept there.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Pinned, interest};

struct State {
    other: Option<Pinned<'static, Eventp<State>>>,
}

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let mut reactor = Eventp::<State>::new().unwrap();
    reactor
        .on(interest().read().with_fd(stream), |mut d| {
            std::mem::swap(&mut d.reactor, d.state.other.as_mut().unwrap());
        })
        .unwrap();
}
