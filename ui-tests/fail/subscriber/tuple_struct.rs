//! A field without a name.
#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Log(#[fd] std::fs::File);

fn main() {}
