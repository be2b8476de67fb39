//! Interests of fields that no method hears of.
#![allow(unused)]

use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = read | write)]
    tap: Option<File>,
}

#[handler]
impl Net {
    #[on(rx)]
    fn receive(&mut self) {}

    #[on(tap, readable)]
    fn frames(&mut self) {}
}

#[subscriber]
struct Raw {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = priority)]
    r#loop: File,
}

#[handler]
impl Raw {
    #[on(r#loop, writable)]
    fn again(&mut self) {}

    #[on(readable)]
    fn any(&mut self) {}
}

#[subscriber]
struct Pair {
    #[fd(interest = read)]
    left: File,
    #[fd(interest = read)]
    right: File,
}

#[handler]
impl Pair {
    #[on(writable)]
    fn both(&mut self) {}
}

fn main() {}
