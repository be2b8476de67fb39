//! `doorbell`: an fd is rung, the loop waits, and the handler counts: edge-triggered, and never read.
//!
//! Only `raw` does here what one does without that: level-triggered, and the handler reads. So the ratio says what the form gains, with each peer.
//! tokio has no turn that could be taken one by one.

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::raw::Raw;
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{self, Count as CountTask, Drain, Task};
use crate::with_peer;

pub const DOORBELL: Workload = Workload {
    name: "doorbell",
    about: "an fd is rung and not read, against raw that reads",
    number: "fds",
    numbers: &[1],
    kind: Kind::Alone { make, count: Count::Turn },
};

fn make(_fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    match peer {
        Name::Raw => Some(subject::<Drain, Raw<Drain>>(Drain::new, Watch::Level)),
        _ => with_peer!(peer, CountTask, rung()),
    }
}

fn rung<P: Peer<CountTask>>() -> Box<dyn Subject> {
    subject::<CountTask, P>(CountTask::new, Watch::Edge)
}

struct Doorbell<T: Task, P: Peer<T>> {
    peer: P,
    key: P::Key,
    fds: Eventfds,
}

fn subject<T: Task<State = ()>, P: Peer<T>>(
    task: fn(sys::Fd) -> T,
    watch: Watch,
) -> Box<dyn Subject> {
    let mut peer = P::new(64);
    let fds = sys::eventfds(1);
    let key = peer.add(task(fds[0]), watch);
    Box::new(Doorbell { peer, key, fds })
}

impl<T: Task<State = ()>, P: Peer<T>> Subject for Doorbell<T, P> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, 1, || {
            sys::ring(self.fds[0]);
            self.peer.turn(&mut ());
        })
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, key, .. } = *self;
        peer.delete(key);
        task::handled()
    }
}
