//! A field that is configured away is no fd.
use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: File,
    #[cfg(any())]
    #[fd]
    other: File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {}
}

#[subscriber]
struct Net {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = read)]
    tx: File,
    #[cfg(any())]
    #[fd(interest = read)]
    control: File,
}

#[handler]
impl Net {
    #[on(rx | tx)]
    fn queue(&mut self) {}

    #[cfg(any())]
    #[on(control)]
    fn control(&mut self) {}
}

fn main() {
    let file = || File::open("/dev/null").unwrap();
    let _ = (Log { file: file() }.file, Net { rx: file(), tx: file() }.rx);
}
