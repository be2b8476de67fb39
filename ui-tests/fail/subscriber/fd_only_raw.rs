//! A type that has only `AsRawFd`.
#![allow(unused)]

use std::os::fd::{AsRawFd, RawFd};

use eventp::subscriber;

struct Timer(RawFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

#[subscriber]
struct Net {
    #[fd(interest = read)]
    timer: Timer,
    #[fd(interest = read)]
    file: std::fs::File,
}

fn main() {}
