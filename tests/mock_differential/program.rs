//! The programs: what their steps are, and how they are carried out on a reactor of either kind.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use eventp::{Error, EventpOps, Interest, Pinned, PortKey, PortSet, event, exclusive, interest};

use crate::common::drain;
use crate::reactors::Reactor;
use crate::subscribers::{Added, Asked, Multi, Single, World};

/// Which of a subscriber's fds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) sub: usize,
    pub(crate) fields: Fields,
    pub(crate) index: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fields {
    /// The key alone.
    Only,
    Control,
    Queues,
    Tap,
    Active,
}

impl Fields {
    pub(crate) const EACH: [Self; 5] =
        [Self::Only, Self::Control, Self::Queues, Self::Tap, Self::Active];

    pub(crate) fn of_multi(self) -> PortSet<Multi> {
        match self {
            Self::Only => Multi::CONTROL.with(Multi::ACTIVE),
            Self::Control => Multi::CONTROL,
            Self::Queues => Multi::QUEUES,
            Self::Tap => Multi::TAP,
            Self::Active => Multi::ACTIVE,
        }
    }
}

/// What a handler answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Keep,
    Remove,
    Stop,
    Fail,
    Panic,
}

impl Answer {
    pub(crate) const EACH: [Self; 5] =
        [Self::Keep, Self::Remove, Self::Stop, Self::Fail, Self::Panic];
}

/// Numbers of subscribers and streams are taken modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    AddSingle,
    AddMulti,
    /// A single one that watches a stream which is perhaps watched already.
    AddSame(usize),
    Modify(Place, u8),
    Delete(usize),
    /// By `arm_other`, from wherever.
    Arm(usize, Fields),
    /// By a handler, of its own.
    ArmSelf(Fields),
    Disarm(usize, Fields),
    Trigger(Place),
    Lend(usize),
    Stop,
    /// What a handler answers; nothing to the driver.
    Answer(Answer),
    /// These are the driver's: the handler at work ends before them.
    Take(usize),
    Turn,
    /// Streams that become readable, in this order.
    Fire(Vec<usize>),
}

/// Runs a program on a new reactor.
pub(crate) fn run<R: Reactor>(steps: &[Step], has_hook: bool) -> Vec<String> {
    let mut world = World { steps: steps.iter().cloned().collect(), ..World::default() };
    let mut reactor = R::make();
    if has_hook {
        reactor.hook();
    }
    let lines = world.lines.clone();
    while let Some(step) = world.steps.pop_front() {
        match step {
            Step::Fire(streams) => fire(&mut reactor, &mut world, streams),
            Step::Turn => settle(&mut reactor, &mut world),
            Step::Take(sub) => take(&mut reactor, &mut world, sub),
            Step::ArmSelf(_) | Step::Answer(_) => {}
            step => act(&step, &mut world, &mut reactor.as_pinned()),
        }
        lines.say(format!("{:?} {}", reactor.listing(&world), reactor.is_asked_to_stop()));
    }
    settle(&mut reactor, &mut world);
    let seen = lines.take();
    // In no promised order.
    drop(reactor);
    seen
}

/// Has streams become readable at once, when nothing else is left to do.
fn fire<R: Reactor>(reactor: &mut R, world: &mut World, streams: Vec<usize>) {
    settle(reactor, world);
    let mut chosen: Vec<usize> = Vec::new();
    for stream in streams.into_iter().filter_map(|it| it.checked_rem(world.streams.len())) {
        if !chosen.contains(&stream) {
            chosen.push(stream);
        }
    }
    say_turn(world, |world| reactor.fire(world, &chosen));
    // Of who was silent, and may be armed by now.
    world.streams.iter().for_each(|(ours, _)| _ = drain(ours));
    settle(reactor, world);
}

/// Makes turns until nothing happens.
fn settle<R: Reactor>(reactor: &mut R, world: &mut World) {
    while say_turn(world, |world| reactor.turn(world)) {}
}

/// Says what came of a turn, and whether anything did.
fn say_turn(world: &mut World, turn: impl FnOnce(&mut World) -> io::Result<usize>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| turn(world))) {
        Ok(Ok(0)) => return false,
        Ok(Ok(_)) => {}
        Ok(Err(error)) => world.say(outcome(Err(error))),
        Err(panic) if panic.is::<Asked>() => world.say("panicked".into()),
        Err(panic) => std::panic::resume_unwind(panic),
    }
    true
}

/// Does what both the driver and a handler can do.
pub(crate) fn act<Ep: EventpOps<State = World>>(
    step: &Step,
    world: &mut World,
    reactor: &mut Pinned<'_, Ep>,
) {
    match *step {
        Step::AddSingle => {
            let stream = world.stream();
            add_single(stream, world, reactor);
        }
        Step::AddSame(stream) => {
            let Some(stream) = stream.checked_rem(world.streams.len()) else { return };
            let stream = Rc::clone(&world.streams[stream].0);
            add_single(stream, world, reactor);
        }
        Step::AddMulti => add_multi(world, reactor),
        Step::Modify(place, wanted) => {
            let wanted = wanted_interest(wanted);
            on_ports(place, world, |ports| match reactor.modify(ports, wanted) {
                Ok(()) => format!("modify: ok, {:?}", reactor.interest(ports).unwrap()),
                error => format!("modify: {}", outcome(error)),
            });
        }
        Step::Trigger(place) => on_ports(place, world, |ports| {
            let end = event().readable().read_closed();
            format!("trigger: {}", outcome(reactor.trigger(ports, end)))
        }),
        Step::Delete(sub) => on_sub(sub, world, |added| {
            let contained = reactor.contains(added.key());
            let deleted = outcome(reactor.delete(added.key()));
            format!("delete of {contained}: {deleted}")
        }),
        Step::Arm(sub, fields) => on_sub(sub, world, |added| {
            format!(
                "arm: {}",
                match added {
                    Added::Multi(handle) => outcome(reactor.arm_other(handle, fields.of_multi())),
                    Added::Single(handle) => outcome(reactor.arm_other(handle, only_field())),
                }
            )
        }),
        Step::Disarm(sub, fields) => on_sub(sub, world, |added| {
            format!("disarm: {}", outcome(reactor.disarm(added.key(), fields.of_multi())))
        }),
        Step::Lend(sub) => on_sub(sub, world, |added| {
            let lent = match added {
                Added::Single(handle) => reactor.get_mut(handle).map(|it| it.witness.number),
                Added::Multi(handle) => reactor.get_mut(handle).map(|it| {
                    // What is armed next is another.
                    it.queues.reverse();
                    it.witness.number
                }),
            };
            match lent {
                Ok(number) => format!("lent {number}"),
                Err(error) => outcome(Err(error)),
            }
        }),
        Step::Stop => reactor.stop(),
        _ => {}
    }
}

/// A set for a subscriber that has no fields to choose from.
fn only_field() -> PortSet<Single> {
    PortSet::of_fields(1)
}

fn add_single<Ep: EventpOps<State = World>>(
    stream: Rc<std::os::unix::net::UnixStream>,
    world: &mut World,
    reactor: &mut Pinned<'_, Ep>,
) {
    let number = world.added.len();
    match reactor.try_add(Single { stream, witness: world.witness() }) {
        Ok(handle) => {
            assert!(reactor.handle::<Single>(handle).is_ok());
            assert!(reactor.handle::<Multi>(handle).is_err());
            world.added.push(Added::Single(handle));
            world.say(format!("added {number}"));
        }
        Err((_refused, error)) => world.say(outcome(Err(error))),
    }
}

fn add_multi<Ep: EventpOps<State = World>>(world: &mut World, reactor: &mut Pinned<'_, Ep>) {
    let number = world.added.len();
    let multi = Multi {
        control: world.stream(),
        queues: vec![world.stream(), world.stream()],
        tap: Some(world.stream()),
        witness: world.witness(),
    };
    match reactor.add(multi) {
        Ok(handle) => {
            world.added.push(Added::Multi(handle));
            world.say(format!("added {number}"));
        }
        Err(error) => world.say(outcome(Err(error))),
    }
}

fn take<R: Reactor>(reactor: &mut R, world: &mut World, sub: usize) {
    on_sub(sub, world, |added| {
        let taken = match added {
            Added::Single(handle) => reactor.take(handle).map(|it| it.witness.number),
            Added::Multi(handle) => reactor.take(handle).map(|it| it.witness.number),
        };
        taken.map_or_else(|error| outcome(Err(error)), |number| format!("took {number}"))
    });
}

fn on_sub(sub: usize, world: &mut World, act: impl FnOnce(Added) -> String) {
    if let Some(nth) = sub.checked_rem(world.added.len()) {
        let done = act(world.added[nth]);
        world.say(format!("{nth} {done}"));
    }
}

fn on_ports(place: Place, world: &mut World, act: impl FnOnce(PortKey) -> String) {
    on_sub(place.sub, world, |added| {
        let ports = match place.fields {
            Fields::Only => added.key().into(),
            fields => added.key().port(fields.of_multi()),
        };
        act(match place.index {
            Some(index) => ports.at(index),
            None => ports,
        })
    });
}

fn wanted_interest(wanted: u8) -> Interest {
    match wanted {
        0 => interest(),
        1 => interest().read(),
        2 => interest().read().edge_triggered(),
        3 => interest().read().oneshot(),
        _ => exclusive().read().into(),
    }
}

/// An error without what differs from reactor to reactor: numbers of fds, and keys.
pub(crate) fn outcome(result: io::Result<()>) -> String {
    let Err(error) = result else { return "ok".into() };
    let kind = error.kind();
    let error = error.downcast::<Error>().unwrap();
    assert_eq!(kind, error.kind());
    let place = (error.type_name(), error.field(), error.key().is_some(), error.fd().is_some());
    format!("{}: {kind:?} `{}` {place:?}", error.operation(), error.io_error())
}
