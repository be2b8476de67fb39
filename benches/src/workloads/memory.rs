//! `memory`: what a subscriber with one fd and a value of 16 bytes allocates.
//!
//! With N = 1 it is one more subscriber, whose place in the tables is there already: another had it before; but its memory is not, as it would be
//! if a reactor had kept that of the other. With larger N, all there is, tables included, divided by N. What a program itself needs in order to find a subscriber again (its key) is not counted, except where this is
//! the only table there is (mio, polling). tokio's registrations belong to its sources.

use super::{Kind, Workload};
use crate::peers::{Name, Peer, Watch};
use crate::task::{self, Drain};
use crate::weight::{self, Weight};
use crate::{sys, with_peer};

pub const MEMORY: Workload = Workload {
    name: "memory",
    about: "allocations and bytes per subscriber",
    number: "subscribers",
    numbers: &[1, 1000, 10_000],
    kind: Kind::Weighed { weigh },
};

const _: () = assert!(size_of::<Drain>() == 16);

/// Allocations and bytes per subscriber.
fn weigh(subscribers: usize, peer: Name) -> Option<(f64, f64)> {
    let weight: Weight = with_peer!(peer, Drain, weigh_all(subscribers))?;
    let each = |total: i64| total as f64 / subscribers as f64;
    Some((each(weight.allocations), each(weight.bytes)))
}

fn weigh_all<P: Peer<Drain>>(subscribers: usize) -> Weight {
    let fds = sys::eventfds(subscribers);
    let mut keys = Vec::with_capacity(subscribers);
    let others = sys::eventfds(1);
    let mut peer = P::new(subscribers + 1);
    let mut other = None;
    if subscribers == 1 {
        let both = [fds[0], others[0]].map(|fd| peer.add(Drain::new(fd), Watch::Edge));
        both.into_iter().for_each(|key| peer.delete(key));
        other = Some(peer.add(Drain::new(others[0]), Watch::Edge));
    }
    let weight = weight::of(|| {
        keys.extend(fds.iter().map(|fd| peer.add(Drain::new(fd), Watch::Edge)));
    });
    // As many as the batch of each peer can hold.
    let rung = &fds[..subscribers.min(1000)];
    rung.iter().for_each(|fd| sys::ring(fd));
    peer.turn(&mut ());
    keys.into_iter().chain(other).for_each(|key| peer.delete(key));
    assert_eq!(task::handled(), rung.len() as u64, "every event was handled");
    weight
}
