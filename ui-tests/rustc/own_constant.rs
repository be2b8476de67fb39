//! A constant of the user's has the name that a field gives to one.
use std::fs::File;

use eventp::subscriber;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    queues: Vec<File>,
}

impl Net {
    const QUEUES: usize = 3;
}

fn main() {}
