//! A struct with one field that may have no fd names its ports.
use std::fs::File;

use eventp::{Port, handler, subscriber};

#[subscriber]
struct Tap {
    #[fd(interest = read | edge_triggered)]
    tap: Option<File>,
}

#[handler]
impl Tap {
    #[on(tap, readable)]
    fn frames(&mut self, port: Port) {
        assert!(Tap::TAP.contains(port));
    }
}

fn main() {
    let mut reactor = eventp::Eventp::<()>::new().unwrap();
    let _ = reactor.add(Tap { tap: None });
}
