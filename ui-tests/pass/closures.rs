//! Closures that infer everything, reactor first.
use std::os::unix::net::UnixStream;

use eventp::{Dispatch, Eventp, Flow, interest};

struct State {
    calls: u32,
}

fn main() {
    let (a, b) = UnixStream::pair().unwrap();
    let (mut reactor, mut state) = (Eventp::<State>::new().unwrap(), State { calls: 0 });
    reactor.on(interest().write().with_fd(a), |d| d.state.calls += 1).unwrap();
    reactor
        .on(interest().write().with_fd(b), |Dispatch { state, mut reactor, key, .. }| {
            state.calls += 1;
            reactor.delete(key)?;
            Ok(Flow::Stop)
        })
        .unwrap();
    let (c, _peer) = UnixStream::pair().unwrap();
    interest().read().with_fd(c).with_handler(|_| todo!()).register_into(&mut reactor).unwrap();
    reactor.run_with(&mut state).unwrap();
    assert_eq!(state.calls, 2);
}
