//! What is called back: handlers, and closures of a remote. Each tells the model first, then does what the program says.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use eventp::{Dispatch, Event, Eventp, Flow, Handler, Key, Notifier, Pinned, Port};

use super::operations::act;
use super::reference::{Id, Place};
use super::subscribers::{Body, One, Several, Witness, real_interest};
use super::world::World;
use super::{catch, panic_by_order, trace};

/// Who does something: a running subscriber, or nobody.
pub enum Me<'a> {
    Nobody,
    One(Id, &'a mut One),
    Several(Id, &'a mut Several),
    Notified(Id, &'a Witness),
}

impl Me<'_> {
    pub fn is(&self, other: Id) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(id, _) | Self::Several(id, _) | Self::Notified(id, _) => *id == other,
        }
    }

    pub fn body(&self) -> Option<&Body> {
        match self {
            Self::Nobody | Self::Notified(..) => None,
            Self::One(_, One(body)) | Self::Several(_, Several(body)) => Some(body),
        }
    }

    /// The value of the running handler is still there.
    fn check(&self) {
        match self {
            Self::Nobody => {}
            Self::One(id, One(body)) | Self::Several(id, Several(body)) => body.witness.check(*id),
            Self::Notified(id, witness) => witness.check(*id),
        }
    }
}

struct Call {
    place: Place,
    key: Key,
    event: Event,
    interest: eventp::Interest,
}

impl Call {
    fn new(id: Id, key: Key, port: Port, event: Event, interest: eventp::Interest) -> Self {
        let place = Place { id, field: port.field(), index: port.index() as u16 };
        Self { place, key, event, interest }
    }
}

impl Handler<Eventp<World>> for One {
    fn handle(dispatch: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        let Dispatch { fd: this, event, interest, key, port, state, reactor, .. } = dispatch;
        let id = this.0.witness.id();
        handle(Me::One(id, this), &Call::new(id, key, port, event, interest), state, reactor)
    }
}

impl Handler<Eventp<World>> for Several {
    fn handle(dispatch: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        let Dispatch { fd: this, event, interest, key, port, state, reactor, .. } = dispatch;
        let id = this.0.witness.id();
        handle(Me::Several(id, this), &Call::new(id, key, port, event, interest), state, reactor)
    }
}

/// The handler of a subscriber without an fd.
pub fn notified(
    witness: &Witness,
    dispatch: Dispatch<'_, Notifier, Eventp<World>>,
) -> io::Result<Flow> {
    let Dispatch { event, interest, key, port, state, reactor, .. } = dispatch;
    let id = witness.id();
    handle(Me::Notified(id, witness), &Call::new(id, key, port, event, interest), state, reactor)
}

fn handle(
    mut me: Me<'_>,
    call: &Call,
    world: &mut World,
    mut reactor: Pinned<'_, Eventp<World>>,
) -> io::Result<Flow> {
    trace!("called {:?} {:?}", call.place, call.event);
    me.check();
    let interest = world.model.called(call.place, Some(call.event.bits()));
    if world.model.batches.is_lost {
        return Ok(Flow::Keep);
    }
    assert_eq!(call.interest, real_interest(interest));
    assert!(!world.subs[&call.place.id].is_broken, "called though its cell is broken");
    let ran = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..world.program.below(4) {
            if world.program.chance(8) {
                catch(|| act(world, &mut reactor, &mut me));
            } else {
                act(world, &mut reactor, &mut me);
            }
            me.check();
        }
        assert_eq!(reactor.contains(call.key), world.subs.contains_key(&call.place.id));
        answer(world, call)
    }));
    ran.unwrap_or_else(|panic| {
        trace!("panics");
        if let Some(sub) = world.subs.get_mut(&call.place.id) {
            sub.is_broken |= sub.name.is_mutex();
        }
        resume_unwind(panic)
    })
}

fn answer(world: &mut World, call: &Call) -> io::Result<Flow> {
    let id = call.place.id;
    let answer = world.program.below(20);
    trace!("answer {answer}");
    if answer == 3 {
        panic_by_order();
    }
    if matches!(answer, 0 | 1) || world.doomed == Some(id) {
        leave(world, id);
    }
    match answer {
        0 => Ok(Flow::Remove),
        1 => {
            world.failed(Some(call.key));
            Err(io::Error::other("asked"))
        }
        2 => {
            world.model.batches.is_stopping = true;
            Ok(Flow::Stop)
        }
        _ => Ok(Flow::Keep),
    }
}

/// The running subscriber is removed when its handler has returned, which is now.
fn leave(world: &mut World, id: Id) {
    if world.unregister(id) {
        world.model.remove_all_of(id);
    }
    world.doomed = None;
    if world.will_be_dropped(id) {
        world.wish();
        world.foresee_wish();
        world.log.borrow_mut().bomb = world.program.chance(8);
    }
    world.release(id);
}

/// A closure of a remote.
pub fn job(
    job: u64,
    world: &mut World,
    mut reactor: Pinned<'_, Eventp<World>>,
) -> io::Result<Flow> {
    trace!("job {job}");
    world.model.job_ran(job);
    if world.model.batches.is_lost {
        return Ok(Flow::Keep);
    }
    let ran = catch(|| {
        for _ in 0..world.program.below(3) {
            act(world, &mut reactor, &mut Me::Nobody);
        }
        match world.program.below(8) {
            0 => Err(io::Error::other("asked")),
            1 => Ok(Flow::Stop),
            2 => panic_by_order(),
            _ => Ok(Flow::Keep),
        }
    });
    match ran {
        None | Some(Err(_)) => world.failed(None),
        Some(Ok(Flow::Stop)) => world.model.batches.is_stopping = true,
        Some(Ok(_)) => {}
    }
    ran.unwrap_or_else(|| panic_by_order())
}
