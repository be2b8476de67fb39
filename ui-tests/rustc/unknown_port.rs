//! No field has this name.
use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    rx: File,
    name: String,
}

#[handler]
impl Net {
    #[on(txx)]
    fn typo(&mut self) {}

    #[on(rx)]
    fn right(&mut self) {}
}

fn main() {}
