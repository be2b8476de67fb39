//! A reactor stays on its thread.
use std::thread;

use eventp::Eventp;

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    thread::spawn(move || reactor.run());
}
