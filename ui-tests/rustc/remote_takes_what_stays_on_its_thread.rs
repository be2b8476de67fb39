//! A closure runs on another thread than the one that hands it in; what it captures goes along.
use std::rc::Rc;

use eventp::Eventp;

fn main() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let counter = Rc::new(7);
    remote.send(move |total, _| *total += *counter).unwrap();
}
