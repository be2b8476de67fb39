//! `ready`: so many fds are ready all the time, level-triggered, and the handler only counts: the wait and the dispatch, nothing else.
//!
//! `ready-user` is the same without the kernel's part, which is by far the larger one: once the loop has its batch, `epoll_wait` returns at
//! once and leaves the buffer as it is (see `repeat.rs`), which needs the feature `libc-wait`: else ours makes the system call by itself. So do polling and calloop always, and there
//! is nothing to put in its place. tokio has no turn that could be taken one by one.

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{self, Count as CountTask};
use crate::with_peer;

pub const READY: Workload = Workload {
    name: "ready",
    about: "N fds stay ready; handlers only count",
    number: "fds",
    numbers: &[16, 64],
    kind: Kind::Alone { make, count: Count::Event { fewer } },
};

pub const READY_USER: Workload = Workload {
    name: "ready-user",
    about: "the same without the kernel's part",
    number: "fds",
    numbers: &[16, 64],
    kind: Kind::Alone { make: make_user, count: Count::No },
};

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    with_peer!(peer, CountTask, subject(fds, false))
}

fn make_user(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    match peer {
        Name::Polling | Name::Calloop => None,
        _ => with_peer!(peer, CountTask, subject(fds, true)),
    }
}

fn fewer(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    make(fds / 2, peer)
}

struct Ready<P: Peer<CountTask>> {
    peer: P,
    keys: Vec<P::Key>,
    fds: Eventfds,
    repeats: bool,
}

fn subject<P: Peer<CountTask>>(fds: usize, repeats: bool) -> Box<dyn Subject> {
    let mut peer = P::new(fds + 1);
    let fds = sys::eventfds(fds);
    fds.iter().for_each(|fd| sys::ring(fd));
    let keys = fds.iter().map(|fd| peer.add(CountTask::new(fd), Watch::Level)).collect();
    Box::new(Ready { peer, keys, fds, repeats })
}

impl<P: Peer<CountTask>> Subject for Ready<P> {
    fn run(&mut self, turns: u64) -> Run {
        sys::repeat::set(self.repeats);
        let run = timed(turns, self.fds.len() as u64, || self.peer.turn(&mut ()));
        sys::repeat::set(false);
        run
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, keys, .. } = *self;
        keys.into_iter().for_each(|key| peer.delete(key));
        task::handled()
    }
}
