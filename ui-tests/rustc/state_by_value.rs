//! The state is lent.
use eventp::Eventp;

struct Server;

fn main() {
    let mut reactor = Eventp::<Server>::new().unwrap();
    reactor.run_with(Server).unwrap();
}
