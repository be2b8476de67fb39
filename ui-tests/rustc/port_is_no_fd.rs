//! A field without `#[fd]` has no events.
use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    rx: File,
    config: File,
}

#[handler]
impl Net {
    #[on(tx | rx)]
    fn queues(&mut self) {}

    #[on(config, readable)]
    fn no_fd(&mut self) {}
}

fn main() {}
