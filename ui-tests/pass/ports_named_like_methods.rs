//! Fields, methods, constants of the fields and groups live side by side.
use std::fs::File;

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read, group = active)]
    r#loop: File,
}

#[handler]
impl Net {
    #[on(tx)]
    fn tx(&mut self) {}

    #[on(r#loop)]
    fn r#loop(&mut self) {}

    fn active(&self) -> bool {
        true
    }
}

fn main() {
    let file = || File::open("/dev/null").unwrap();
    assert!(Net { tx: file(), r#loop: file() }.active());
    let _ = (Net::TX, Net::LOOP, Net::ACTIVE);
}
