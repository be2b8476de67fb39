//! Nothing says what is asked of the kernel.
#![allow(unused)]

use eventp::subscriber;

#[subscriber]
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
