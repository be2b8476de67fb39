//! The context of a call is made by the reactor only.
use eventp::{Dispatch, Event, Eventp, Interest, Key, Pinned, Port};

fn call(
    fd: &mut std::fs::File,
    state: &mut (),
    reactor: Pinned<'_, Eventp>,
    (event, interest, key, port): (Event, Interest, Key, Port),
) {
    let _ = Dispatch { fd, event, interest, key, port, state, reactor };
}

fn main() {}
