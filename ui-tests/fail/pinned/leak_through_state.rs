//! A `Pinned` cannot be kept in the state.
use eventp::{Eventp, Pinned, interest};

struct State {
    kept: Option<Pinned<'static, Eventp<State>>>,
}

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut reactor = Eventp::<State>::new().unwrap();
    reactor
        .on(interest().read().with_fd(stream), |d| {
            d.state.kept = Some(d.reactor);
        })
        .unwrap();
}
