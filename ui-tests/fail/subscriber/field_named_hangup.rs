//! `#[on(hangup)]` would mean two things.
#![allow(unused)]

use std::fs::File;

use eventp::subscriber;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    hangup: File,
}

fn main() {}
