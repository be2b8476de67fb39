//! Nothing says which state the reactor has.
use eventp::Eventp;

fn main() {
    let reactor = Eventp::new().unwrap();
    drop(reactor);
}
