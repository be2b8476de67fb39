//! One mistake for each port: rustc knows the fields.
#![allow(unused)]

use eventp::{handler, subscriber};
use std::fs::File;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    queues: Vec<File>,
}

#[handler]
impl Net {
    #[on(txx)]
    fn typo(&mut self) {}

    #[on(queue | tx, readable)]
    fn another(&mut self) {}

    #[on(banana)]
    fn no_such_field(&mut self) {}
}

fn main() {}
