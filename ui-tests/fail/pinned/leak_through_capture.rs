//! A `Pinned` cannot be kept by what a closure captured.
use std::cell::RefCell;
use std::rc::Rc;

use eventp::{Eventp, interest};

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut reactor = Eventp::<()>::new().unwrap();
    let kept = Rc::new(RefCell::new(None));
    reactor
        .on(interest().read().with_fd(stream), move |d| {
            *kept.borrow_mut() = Some(d.reactor);
        })
        .unwrap();
}
