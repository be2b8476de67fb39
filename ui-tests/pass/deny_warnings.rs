//! No lint finds anything in what is written.
#![deny(warnings, unused, missing_docs, missing_debug_implementations, unreachable_pub)]

use std::fs::File;

use eventp::{Event, handler, subscriber};

/// One fd.
#[subscriber(interest = read)]
#[derive(Debug)]
pub struct One {
    #[fd]
    file: File,
}

#[handler]
impl One {
    #[on(readable)]
    fn read(&mut self, _event: Event) {}
}

/// Several.
#[subscriber]
#[derive(Debug)]
pub struct Several {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = write, group = later)]
    tx: Vec<File>,
}

#[handler]
impl Several {
    #[on(rx | tx)]
    fn both(&mut self) {}
}

/// A function.
#[handler]
pub fn function(_file: &mut File) {}

fn main() {
    let _ = (Several::LATER, Several::RX, Several::TX);
    function(&mut File::open("/dev/null").unwrap());
}
