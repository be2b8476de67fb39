//! The expansion has no `unsafe`.
#![forbid(unsafe_code)]

use eventp::{handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read, raw)]
    rx: std::fs::File,
    #[fd(interest = read | exclusive, group = later)]
    tx: Option<std::fs::File>,
}

#[handler]
impl Net {
    fn handle(&mut self) {}
}

#[handler]
fn function(_file: &mut std::fs::File, state: &mut u8) {
    *state += 1;
}

fn main() {
    let _ = (Net { rx: std::fs::File::open("/dev/null").unwrap(), tx: None }, Net::LATER);
    function(&mut std::fs::File::open("/dev/null").unwrap(), &mut 3);
}
