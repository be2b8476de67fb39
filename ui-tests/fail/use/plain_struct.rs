//! A struct that nobody made a subscriber.
#![allow(unused)]

use eventp::{Eventp, Register};

struct Plain;

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    Plain.register_into(&mut reactor).unwrap();
}
