//! `churn`: among so many subscribers, one is deleted and added again. In each turn it is another.
//!
//! The event is the pair of both. At the end all are rung, to see that the last ones added are there. tokio's registrations belong to its
//! sources, which are not added to anything.

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{self, Drain};
use crate::with_peer;

pub const CHURN: Workload = Workload {
    name: "churn",
    about: "one of N subscribers is deleted and added again",
    number: "subscribers",
    numbers: &[1000],
    kind: Kind::Alone { make, count: Count::Turn },
};

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_peer!(peer, Drain, subject(fds))
}

struct Churn<P: Peer<Drain>> {
    peer: P,
    keys: Vec<Option<P::Key>>,
    next: usize,
    pairs: u64,
    fds: Eventfds,
}

fn subject<P: Peer<Drain>>(fds: usize) -> Box<dyn Subject> {
    let mut peer = P::new(fds + 1);
    let fds = sys::eventfds(fds);
    let keys = fds.iter().map(|fd| Some(peer.add(Drain::new(fd), Watch::Edge))).collect();
    Box::new(Churn { peer, keys, next: 0, pairs: 0, fds })
}

impl<P: Peer<Drain>> Subject for Churn<P> {
    fn run(&mut self, turns: u64) -> Run {
        self.pairs += turns;
        timed(turns, 1, || {
            let key = &mut self.keys[self.next];
            if let Some(key) = key.take() {
                self.peer.delete(key);
            }
            *key = Some(self.peer.add(Drain::new(self.fds[self.next]), Watch::Edge));
            self.next += 17;
            if self.next >= self.fds.len() {
                self.next -= self.fds.len();
            }
        })
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, keys, fds, pairs, .. } = *self;
        fds.iter().for_each(|fd| sys::ring(fd));
        peer.turn(&mut ());
        keys.into_iter().flatten().for_each(|key| peer.delete(key));
        assert_eq!(task::handled(), fds.len() as u64, "every subscriber is there in the end");
        pairs
    }
}
