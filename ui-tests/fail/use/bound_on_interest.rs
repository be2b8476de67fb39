//! A function of the user's that asks for an interest.
#![allow(unused)]

use eventp::HasInterest;

struct Plain;

fn takes_interest<T: HasInterest>(_source: &T) {}

fn main() {
    takes_interest(&Plain);
}
