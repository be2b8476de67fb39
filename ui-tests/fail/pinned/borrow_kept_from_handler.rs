//! What a handler borrows from the reactor ends with the handler.
use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Dispatch, Eventp, EventpOps, Flow, Handle, Handler};

#[eventp::subscriber(interest = read)] struct Peer { #[fd] stream: UnixStream }

struct State<'a> {
    peer: Handle<Peer>,
    kept: Option<&'a mut Peer>,
}

impl<'a, Ep: EventpOps<State = State<'a>>> Handler<Ep> for Peer {
    fn handle(mut d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let peer = d.state.peer;
        d.state.kept = Some(d.reactor.get_mut(peer)?);
        Ok(Flow::Keep)
    }
}

fn main() {
    let _ = Eventp::<State<'_>>::new();
}
