//! Nor can the reactor run meanwhile.
use eventp::{Eventp, Handle};

struct Echo {
    bytes: u64,
}

fn run(reactor: &mut Eventp, handle: Handle<Echo>) {
    let echo = reactor.get_mut(handle).unwrap();
    reactor.run_once(None).unwrap();
    echo.bytes += 1;
}

fn main() {}
