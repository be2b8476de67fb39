//! `all`: all of so many fds are rung, the loop waits once, and the handlers read them.
//!
//! What a busy loop does. tokio has no turn that could be taken one by one.

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{self, Drain};
use crate::with_peer;

pub const ALL: Workload = Workload {
    name: "all",
    about: "all of N fds are rung and read",
    number: "fds",
    numbers: &[16, 1000],
    kind: Kind::Alone { make, count: Count::Turn },
};

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_peer!(peer, Drain, subject(fds))
}

struct All<P: Peer<Drain>> {
    peer: P,
    keys: Vec<P::Key>,
    fds: Eventfds,
}

fn subject<P: Peer<Drain>>(fds: usize) -> Box<dyn Subject> {
    // One more than there are: a batch that fills the buffer could have been longer.
    let mut peer = P::new(fds + 1);
    let fds = sys::eventfds(fds);
    let keys = fds.iter().map(|fd| peer.add(Drain::new(fd), Watch::Edge)).collect();
    Box::new(All { peer, keys, fds })
}

impl<P: Peer<Drain>> Subject for All<P> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, self.fds.len() as u64, || {
            self.fds.iter().for_each(|fd| sys::ring(fd));
            self.peer.turn(&mut ());
        })
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, keys, .. } = *self;
        keys.into_iter().for_each(|key| peer.delete(key));
        task::handled()
    }
}
