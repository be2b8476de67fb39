//! A reactor with a state is run with one.
use eventp::Eventp;

struct Server;

fn main() {
    let mut reactor = Eventp::<Server>::new().unwrap();
    reactor.run().unwrap();
}
