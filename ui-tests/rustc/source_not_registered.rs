//! An fd with an interest does nothing by itself.
#![deny(unused_must_use)]

use eventp::interest;

fn main() {
    interest().read().with_fd(std::io::stdin());
}
