//! A reactor that runs is borrowed: it can be neither moved nor dropped.
use eventp::Eventp;

struct State {
    reactor: Eventp<State>,
}

fn main() {
    let mut state = State { reactor: Eventp::new().unwrap() };
    state.reactor.run_with(&mut state).unwrap();
}
