//! What a program can do from a handler, from a closure, and from outside: each is foreseen by the model and then done.

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;

use eventp::{Event, Eventp, Pinned, PortSet, event, interest};

use super::adding::{add, let_share_go, shared};
use super::arming::arm;
use super::handlers::Me;
use super::kernel::{READABLE, Refusal, WRITABLE};
use super::names::{Name, Peek, with_handle};
use super::reference::Place;
use super::subscribers::{Body, NUMBERS, One, Several, real_interest};
use super::world::World;
use super::{OPERATIONS, catch, panic_by_order, trace};

pub type Reactor<'a> = Pinned<'a, Eventp<World>>;

/// Does one thing.
pub fn act(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    match world.program.below(40) {
        0..9 => add(world, reactor),
        9..12 => modify(world, reactor),
        12 => delete(world, reactor, me),
        13 | 14 => world.open_new(),
        15 | 16 => world.open_known(),
        17 if world.program.chance(2) => world.let_go(),
        17 => world.close(),
        18 | 19 => world.drain(),
        20 if world.program.chance(4) => look_for_former(world, reactor),
        20 => look(world, reactor, me),
        21..24 => arm(world, reactor, me),
        24 => disarm(world, reactor),
        25 => swap(world, reactor, me),
        26 | 27 => trigger(world, reactor),
        28 => world.send(),
        29 => world.notify(),
        30 => stop(world, reactor),
        31 if world.program.chance(2) => let_share_go(world),
        31 => shared(world, reactor, me),
        _ => world.fire(),
    }
}

fn stop(world: &mut World, reactor: &mut Reactor<'_>) {
    if world.program.chance(2) {
        world.stop_by_remote();
    } else {
        world.model.batches.is_stopping = true;
        reactor.stop();
    }
}

pub fn kind(refusal: &Refusal) -> ErrorKind {
    match refusal {
        Refusal::Closed | Refusal::Invalid => ErrorKind::InvalidInput,
        Refusal::Exists => ErrorKind::AlreadyExists,
        Refusal::Unknown => ErrorKind::NotFound,
    }
}

/// What the reactor answered is what the model says.
pub fn agree(what: &str, real: io::Result<()>, model: Result<(), ErrorKind>) {
    trace!("{what}: {model:?}");
    match (real, model) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(kind)) => assert_eq!(error.kind(), kind, "{what}: {error}"),
        (real, model) => panic!("{what}: {real:?}, but the model says {model:?}"),
    }
}

/// Some ports of a subscriber: fields, and perhaps one index.
fn some_ports(world: &mut World) -> (u64, Option<u16>) {
    let bits = world.program.byte();
    let fields = u64::from(bits & 7);
    let index = match bits >> 4 & 3 {
        0 => Some(0),
        1 => Some(1),
        _ => None,
    };
    (fields, index)
}

fn modify(world: &mut World, reactor: &mut Reactor<'_>) {
    let Some((id, sub)) = world.pick() else { return };
    let interest = world.some_interest();
    let (fields, index) = some_ports(world);
    let wanted = real_interest(interest);
    let model = &mut world.model;
    if let Name::Notified(key) = sub.name {
        return agree("modify", reactor.modify(key, wanted), Err(ErrorKind::InvalidInput));
    }
    if sub.name.has_several() && fields == 0 {
        let key = sub.name.key();
        return agree("modify", reactor.modify(key, wanted), Err(ErrorKind::InvalidInput));
    }
    let ports =
        if sub.name.has_several() { model.select(id, fields, index) } else { model.all_of(id) };
    let refusals: Vec<_> =
        ports.iter().map(|&port| model.check_modify(port, interest).err()).collect();
    let foreseen = if ports.is_empty() {
        Err(ErrorKind::NotFound)
    } else if interest.exclusive || ports.iter().any(|port| model.ports[port].interest.exclusive) {
        Err(ErrorKind::InvalidInput)
    } else if let Some(refusal) = refusals.iter().flatten().next() {
        // In which order they are tried is not promised: only where that does not show.
        let others = ports.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        if refusals.iter().flatten().any(|other| other != refusal)
            || !others.into_iter().all(|(&port, _)| model.can_be_modified_in_vain(port))
        {
            return;
        }
        Err(kind(refusal))
    } else {
        ports.iter().for_each(|&port| model.modify(port, interest).unwrap());
        Ok(())
    };
    trace!("modify {id} {fields:b} {index:?} {interest:?}");
    agree("modify", reactor.modify(sub.name.ports(fields, index), wanted), foreseen);
}

fn disarm(world: &mut World, reactor: &mut Reactor<'_>) {
    let Some((id, sub)) = world.pick() else { return };
    let (fields, _) = some_ports(world);
    let key = sub.name.key();
    if !sub.name.has_several() {
        let disarmed = reactor.disarm(key, PortSet::<One>::of_fields(1));
        let is_notified = matches!(sub.name, Name::Notified(_));
        let kind = if is_notified { ErrorKind::NotFound } else { ErrorKind::InvalidInput };
        return agree("disarm", disarmed, Err(kind));
    }
    trace!("disarm {id} {fields:b}");
    let ports = world.model.select(id, fields, None);
    let foreseen = if ports.is_empty() { Err(ErrorKind::NotFound) } else { Ok(()) };
    for port in ports {
        world.model.remove(port);
    }
    if foreseen.is_ok() {
        world.model.tidy();
    }
    agree("disarm", reactor.disarm(key, PortSet::<Several>::of_fields(fields)), foreseen);
}

fn delete(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    let Some((id, sub)) = world.pick() else { return };
    let key = sub.name.key();
    trace!("delete {id}");
    world.unregister(id);
    let forgotten = world.model.remove_all_of(id);
    if me.is(id) {
        world.doomed = Some(id);
        reactor.delete(key).unwrap();
        assert!(!world.was_dropped(id), "not under its own handler");
    } else {
        let is_dropped = world.will_be_dropped(id);
        let bomb = is_dropped && world.program.chance(8);
        if is_dropped {
            world.wish();
            world.foresee_wish();
        }
        // Nothing is left to be tidied up after a subscriber with one fd that the kernel has forgotten.
        if !bomb && (sub.name.has_several() || !forgotten) {
            world.model.tidy();
        }
        world.model.untidied += usize::from(bomb);
        world.log.borrow_mut().bomb = bomb;
        let deleted = catch(|| reactor.delete(key).unwrap());
        assert_eq!(deleted.is_none(), bomb, "the destructor's panic comes through");
        assert_eq!(world.release(id), world.was_dropped(id), "dropped at once");
        if bomb && world.program.chance(2) {
            panic_by_order();
        }
    }
    assert_eq!(reactor.delete(key).unwrap_err().kind(), ErrorKind::NotFound);
}

/// Lends a subscriber, and asks questions.
fn look(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    let Some((id, sub)) = world.pick() else { return };
    let (fields, index) = some_ports(world);
    assert!(reactor.contains(sub.name.key()));
    let asked = reactor.interest(sub.name.ports(fields, index));
    let ports = if sub.name.has_several() {
        world.model.select(id, fields, index)
    } else {
        world.model.all_of(id)
    };
    match asked {
        Ok(interest) => {
            let is_it = |port| real_interest(world.model.ports[port].interest) == interest;
            let is_notified = matches!(sub.name, Name::Notified(_));
            assert!(is_notified || ports.iter().any(is_it), "{interest:?}");
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(ports.is_empty());
        }
    }
    with_handle!(
        sub.name,
        handle => match reactor.get_mut(handle) {
            Ok(value) => {
                assert!(!me.is(id), "a second `&mut` to the running subscriber");
                let looked = value.peek(|body| body.witness.check(id));
                assert_eq!(looked.is_none(), sub.is_broken);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
                assert!(me.is(id));
            }
        },
        key => assert!(reactor.handle::<One>(key).is_err())
    );
}

/// A name that has been somebody's is nobody's, whoever came after.
fn look_for_former(world: &mut World, reactor: &mut Reactor<'_>) {
    let nth = world.program.byte();
    let Some(nth) = usize::from(nth).checked_rem(world.former.len()) else { return };
    let name = world.former[nth];
    assert!(!reactor.contains(name.key()));
    let unknown = Err(ErrorKind::NotFound);
    agree("delete a former one", reactor.delete(name.key()), unknown);
    agree("modify a former one", reactor.modify(name.ports(7, None), interest()), unknown);
    agree("trigger a former one", reactor.trigger(name.ports(7, None), event()), unknown);
    with_handle!(
        name,
        handle => agree("lend a former one", reactor.get_mut(handle).map(drop), unknown),
        _key => {}
    );
}

/// Has a subscriber answer with another number, should it be asked again.
fn swap(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    let (number, interest) = (world.number(), world.some_interest());
    let change = |body: &Body| {
        let slot = body.fields.iter().flatten().nth(number % 3);
        if let Some(slot) = slot {
            slot.number.set((number + slot.number.get()) % NUMBERS);
            slot.interest.set(interest);
        }
    };
    if let Some(body) = me.body().filter(|_| world.program.chance(2)) {
        return change(body);
    }
    let Some((_, sub)) = world.pick() else { return };
    with_handle!(
        sub.name,
        handle => _ = reactor.get_mut(handle).map(|value| value.peek(change)),
        _key => {}
    );
}

fn trigger(world: &mut World, reactor: &mut Reactor<'_>) {
    let Some((id, sub)) = world.pick() else { return };
    let (fields, index) = some_ports(world);
    if world.model.batches.triggered.len() > 32 {
        return;
    }
    let model = &mut world.model;
    let ports = match sub.name.has_several() {
        true => model.select(id, fields, index),
        false => model.all_of(id),
    };
    let is_notified = matches!(sub.name, Name::Notified(_));
    let foreseen = if is_notified || !ports.is_empty() {
        let can_be = ports.iter().all(|port| model.ports[port].can_be_called());
        if can_be { Ok(()) } else { Err(ErrorKind::InvalidInput) }
    } else {
        Err(ErrorKind::NotFound)
    };
    let event: Event =
        if index == Some(1) { event().readable().writable() } else { event().readable() };
    if foreseen.is_ok() {
        let events = event.bits();
        assert_eq!(events & !(READABLE | WRITABLE), 0);
        for port in ports {
            let place = model.ports[&port].place;
            model.batches.trigger(place, events);
        }
        if is_notified {
            model.batches.trigger(Place::one(id), events);
        }
    }
    trace!("trigger {id} {fields:b} {index:?} {event:?}");
    agree("trigger", reactor.trigger(sub.name.ports(fields, index), event), foreseen);
}
