//! An enum has no fields of its own.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
enum Either {
    File(std::fs::File),
    Nothing,
}

fn main() {}
