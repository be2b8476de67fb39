//! `one`: of so many fds, one is rung, the loop waits, and the handler reads it. In each turn it is another.
//!
//! The cost of a turn, with the three system calls that it takes. Of a reactor whose cost depends on how many fds there are, it grows with them.
//! All watch edge-triggered here, in `all` and in `churn`: mio has nothing else, and it takes the kernel less, so that a difference in the mode would
//! be larger than that between loops. tokio has no turn that could be taken one by one.

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{self, Drain};
use crate::with_peer;

pub const ONE: Workload = Workload {
    name: "one",
    about: "one of N fds is rung and read",
    number: "fds",
    numbers: &[1, 100, 10_000],
    kind: Kind::Alone { make, count: Count::Turn },
};

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_peer!(peer, Drain, subject(fds))
}

struct One<P: Peer<Drain>> {
    peer: P,
    keys: Vec<P::Key>,
    next: usize,
    /// To the next: not the neighbour, which the last turn has brought into the cache.
    stride: usize,
    fds: Eventfds,
}

fn subject<P: Peer<Drain>>(fds: usize) -> Box<dyn Subject> {
    let mut peer = P::new(64);
    let fds = sys::eventfds(fds);
    let keys = fds.iter().map(|fd| peer.add(Drain::new(fd), Watch::Edge)).collect();
    let stride = 17 % fds.len();
    Box::new(One { peer, keys, next: 0, stride, fds })
}

impl<P: Peer<Drain>> Subject for One<P> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, 1, || {
            sys::ring(self.fds[self.next]);
            self.peer.turn(&mut ());
            self.next += self.stride;
            if self.next >= self.fds.len() {
                self.next -= self.fds.len();
            }
        })
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, keys, .. } = *self;
        keys.into_iter().for_each(|key| peer.delete(key));
        task::handled()
    }
}
