//! A number is no subscriber.
#![allow(unused)]

use eventp::{Eventp, Register};

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    3_i32.register_into(&mut reactor).unwrap();
}
