//! A subscriber borrows nothing that can go before the reactor does.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, interest};

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    {
        let (stream, _peer) = UnixStream::pair().unwrap();
        reactor.on(interest().read().with_fd(&stream), |_| ()).unwrap();
    }
    reactor.run().unwrap();
}
