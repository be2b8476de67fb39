//! `state`: as `ready`, but the handlers count in a state that all share.
//!
//! Ours, raw, mio, polling and calloop lend it to the handlers: the latter three have a way of their own to do that. In event-manager and
//! eventp 1.0, handlers reach each other's things through an `Rc<RefCell<_>>` only. tokio has no turn that could be taken one by one.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Count, Kind, Run, Subject, Workload, timed};
use crate::peers::calloop::Calloop;
use crate::peers::event_manager::Manager;
use crate::peers::eventp_1::Eventp1;
use crate::peers::mio::{MioMap, MioVec};
use crate::peers::ours::Ours;
use crate::peers::polling::Polling;
use crate::peers::raw::Raw;
use crate::peers::{Name, Peer, Watch};
use crate::sys::{self, Eventfds};
use crate::task::{CountInCell, CountInState, Shared, Task};

pub const STATE: Workload = Workload {
    name: "state",
    about: "N fds stay ready; handlers use a state that all share",
    number: "fds",
    numbers: &[64],
    kind: Kind::Alone { make, count: Count::Event { fewer } },
};

fn make(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    Some(match peer {
        Name::Raw => lent::<Raw<_>>(fds),
        Name::Ours => lent::<Ours<_>>(fds),
        Name::MioVec => lent::<MioVec<_>>(fds),
        Name::MioMap => lent::<MioMap<_>>(fds),
        Name::Polling => lent::<Polling<_>>(fds),
        Name::Calloop => lent::<Calloop<_>>(fds),
        Name::Eventp1 => in_cell::<Eventp1>(fds),
        Name::EventManager => in_cell::<Manager>(fds),
        Name::Tokio => return None,
    })
}

fn fewer(fds: usize, peer: Name) -> Option<Box<dyn Subject>> {
    make(fds / 2, peer)
}

fn lent<P: Peer<CountInState>>(fds: usize) -> Box<dyn Subject> {
    subject::<CountInState, P>(fds, Shared::default(), |state| state.events, CountInState::new)
}

fn in_cell<P: Peer<CountInCell>>(fds: usize) -> Box<dyn Subject> {
    let cell = Rc::new(RefCell::new(Shared::default()));
    let task = {
        let cell = Rc::clone(&cell);
        move |fd, number| CountInCell::new(fd, number, Rc::clone(&cell))
    };
    subject::<CountInCell, P>(fds, (), move |()| cell.borrow().events, task)
}

struct Stateful<T: Task, P: Peer<T>, F> {
    peer: P,
    keys: Vec<P::Key>,
    state: T::State,
    events: F,
    fds: Eventfds,
}

fn subject<T: Task, P: Peer<T>>(
    fds: usize,
    state: T::State,
    events: impl Fn(&T::State) -> u64 + 'static,
    task: impl Fn(sys::Fd, u64) -> T,
) -> Box<dyn Subject> {
    let mut peer = P::new(fds + 1);
    let fds = sys::eventfds(fds);
    fds.iter().for_each(|fd| sys::ring(fd));
    let mut keys = Vec::new();
    for (&fd, number) in fds.iter().zip(0..) {
        keys.push(peer.add(task(fd, number), Watch::Level));
    }
    Box::new(Stateful { peer, keys, state, events, fds })
}

impl<T: Task, P: Peer<T>, F: Fn(&T::State) -> u64> Subject for Stateful<T, P, F> {
    fn run(&mut self, turns: u64) -> Run {
        timed(turns, self.fds.len() as u64, || self.peer.turn(&mut self.state))
    }

    fn end(self: Box<Self>) -> u64 {
        let Self { mut peer, keys, state, events, .. } = *self;
        keys.into_iter().for_each(|key| peer.delete(key));
        events(&state)
    }
}
