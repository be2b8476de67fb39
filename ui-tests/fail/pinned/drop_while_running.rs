//! A reactor cannot be dropped while it runs.
use eventp::Eventp;

fn main() {
    let mut reactor = Eventp::new().unwrap();
    reactor.run_with(&mut drop(reactor)).unwrap();
}
