//! Nor by its state: what runs is borrowed.
use eventp::Eventp;

struct State {
    reactor: Option<Eventp<State>>,
}

fn main() {
    let mut state = State { reactor: Eventp::new().ok() };
    let reactor = state.reactor.as_mut().unwrap();
    reactor.run_with(&mut state).unwrap();
}
