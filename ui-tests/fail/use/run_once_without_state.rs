//! As `run_without_state`, turn by turn; and where the state is a parameter, or borrows.
use std::io;
use std::time::Duration;

use eventp::Eventp;

struct Server<'a> {
    name: &'a str,
}

fn poll(reactor: &mut Eventp<Server<'_>>) -> io::Result<usize> {
    reactor.run_once(Some(Duration::ZERO))
}

fn poll_any<S>(reactor: &mut Eventp<S>) -> io::Result<usize> {
    reactor.run_once(None)
}

fn main() {
    let mut reactor = Eventp::new().unwrap();
    poll(&mut reactor).unwrap();
    reactor.run_once(None).unwrap();
    reactor.run_with(&mut Server { name: "" }).unwrap();
}
