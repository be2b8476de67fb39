//! Ports and events are separated by a comma.
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
    #[on(tx | readable)]
    fn transmit(&mut self) {}

    #[on(rx)]
    fn receive(&mut self) {}
}

fn main() {}
