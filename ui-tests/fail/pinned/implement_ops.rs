//! Nobody else implements the reactor's operations.
use eventp::EventpOps;

struct Mine;

impl EventpOps for Mine {
    type State = ();
}

fn main() {}
