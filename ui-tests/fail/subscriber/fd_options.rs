#![allow(unused)]

use eventp::subscriber;
use std::fs::File;

#[subscriber(interest = read)]
struct Twice {
    #[fd]
    #[fd]
    queue: File,
}

#[subscriber(interest = read)]
struct Again {
    #[fd(interest = write)]
    queue: File,
}

#[subscriber(interest = read)]
struct Value {
    #[fd = "queue"]
    queue: File,
}

#[subscriber]
struct Options {
    #[fd(interest = read, gruop = active)]
    unknown: File,
    #[fd(interest = read, color = red)]
    strange: File,
    #[fd(interest = read, raw, raw)]
    duplicate: File,
    #[fd(interest = read, raw = 3)]
    value: File,
    #[fd(interest = read, raw, with = borrow)]
    both: File,
    #[fd(interest = read, group)]
    nameless: File,
    #[fd(interest = read, group = "active")]
    string: File,
    #[fd(interest = read, with = |file| file)]
    closure: File,
    #[fd(interest = read, write)]
    comma: File,
    #[fd(interest = doorbell | read)]
    bell: File,
}

fn main() {}
