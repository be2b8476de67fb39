//! A reactor is run with the state that it was made for.
use eventp::Eventp;

struct Server;

fn main() {
    let mut reactor = Eventp::<Server>::new().unwrap();
    reactor.run_with(&mut ()).unwrap();
}
