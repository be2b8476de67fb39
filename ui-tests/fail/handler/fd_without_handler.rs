//! An fd that nobody handles.
#![allow(unused)]

use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    rx: File,
}

#[handler]
impl Net {
    #[on(tx)]
    fn transmit(&mut self) {}
}

fn main() {}
