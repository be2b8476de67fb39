//! A `Pinned` cannot be sent out of its handler.
use std::sync::mpsc;

use eventp::{Eventp, Pinned, interest};

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let (sender, _receiver) = mpsc::channel::<Pinned<'static, Eventp>>();
    let mut reactor = Eventp::new().unwrap();
    reactor
        .on(interest().read().with_fd(stream), move |d| {
            sender.send(d.reactor).unwrap();
        })
        .unwrap();
}
