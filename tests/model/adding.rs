//! Adding subscribers of all types, with whatever whims they have; and what becomes of the shares that are kept of them.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use eventp::{Eventp, Handle, Subscriber};

use super::handlers::Me;
use super::names::{Name, Peek, Share};
use super::operations::{Reactor, kind};
use super::reference::{Id, Wanted};
use super::subscribers::{Body, One, Several, Slot, Whim, Witness};
use super::world::{Sub, World};
use super::{catch, trace};

const MOST_SUBSCRIBERS: usize = 12;

fn new_body(world: &mut World, id: Id, several: bool) -> Body {
    let slot = |world: &mut World| Slot {
        number: Cell::new(world.number()),
        step: usize::from(world.program.chance(8)),
        interest: Cell::new(world.some_interest()),
    };
    let mut fields = [vec![slot(world)], vec![], vec![]];
    if several {
        fields[1].extend((0..world.program.below(2)).map(|_| slot(world)));
        fields[2].extend((0..world.program.below(3)).map(|_| slot(world)));
    }
    let witness = Witness::new(id, &world.log);
    Body { witness, fields, whim: Cell::default() }
}

pub fn some_whim(world: &mut World, several: bool) -> Whim {
    match world.program.below(16) {
        0 => Whim::Panic,
        1 if several => Whim::Fail,
        _ => Whim::None,
    }
}

pub fn add(world: &mut World, reactor: &mut Reactor<'_>) {
    if world.subs.len() + world.shares.len() >= MOST_SUBSCRIBERS {
        return;
    }
    let kind = world.program.below(10);
    let id = world.new_value();
    let several = matches!(kind, 5 | 6 | 7 | 9);
    let body = new_body(world, id, several);
    match kind {
        5 | 6 => add_this(world, reactor, id, Several(body), Name::Several),
        7 => {
            let cell = Rc::new(RefCell::new(Several(body)));
            keep_share(world, id, || Share::CellSeveral(Rc::clone(&cell)));
            add_this(world, reactor, id, cell, Name::CellSeveral);
        }
        8 if world.program.chance(2) => {
            #[allow(clippy::arc_with_non_send_sync, reason = "as a user may by mistake")]
            let mutex = Arc::new(Mutex::new(One(body)));
            keep_share(world, id, || Share::MutexOne(Arc::clone(&mutex)));
            add_this(world, reactor, id, mutex, Name::MutexOne);
        }
        8 => {
            let cell = Rc::new(RefCell::new(One(body)));
            keep_share(world, id, || Share::CellOne(Rc::clone(&cell)));
            add_this(world, reactor, id, cell, Name::CellOne);
        }
        9 => {
            #[allow(clippy::arc_with_non_send_sync, reason = "as a user may by mistake")]
            let mutex = Arc::new(Mutex::new(Several(body)));
            keep_share(world, id, || Share::MutexSeveral(Arc::clone(&mutex)));
            add_this(world, reactor, id, mutex, Name::MutexSeveral);
        }
        _ => add_this(world, reactor, id, One(body), Name::One),
    }
}

fn keep_share(world: &mut World, id: Id, share: impl FnOnce() -> Share) {
    if world.program.chance(2) {
        world.hold(id);
        world.shares.insert(id, share());
    }
}

fn add_this<T: Subscriber<Eventp<World>> + Peek>(
    world: &mut World,
    reactor: &mut Reactor<'_>,
    id: Id,
    value: T,
    name: fn(Handle<T>) -> Name,
) {
    let several = !T::ONE;
    let fields = if several { Several::FIRST_FIELDS } else { 1 };
    let whim = some_whim(world, several);
    let wanted = value.peek(|body| {
        body.whim.set(whim);
        body.wanted(id, fields)
    });
    let foreseen = foresee_add(world, wanted.as_deref(), whim, several, T::BROKEN);
    trace!("add {id} {wanted:?} {whim:?}: {foreseen:?}");
    world.hold(id);
    match catch(|| reactor.try_add(value)) {
        None => assert!(foreseen.is_none(), "a panic that nobody asked for"),
        Some(Ok(handle)) => {
            assert!(matches!(foreseen, Some(Ok(()))), "{foreseen:?}");
            world.subs.insert(id, Sub { name: name(handle), is_broken: false });
            return;
        }
        Some(Err((value, error))) => {
            let Some(Err(kind)) = foreseen else { panic!("{foreseen:?}, not {error}") };
            assert_eq!(error.kind(), kind, "{error}");
            value.peek(|body| body.witness.check(id));
        }
    }
    assert_eq!(world.release(id), world.was_dropped(id));
}

/// What an `add` will do: `None` if it panics.
fn foresee_add(
    world: &mut World,
    wanted: Option<&[Wanted]>,
    whim: Whim,
    several: bool,
    broken: ErrorKind,
) -> Option<Result<(), ErrorKind>> {
    let Some(wanted) = wanted else { return Some(Err(broken)) };
    match whim {
        Whim::Panic => return None,
        Whim::Fail => return Some(Err(ErrorKind::Other)),
        Whim::None => {}
    }
    let added = if several {
        let added = world.model.add_all(wanted);
        if added.is_err() {
            world.model.tidy();
        }
        added
    } else {
        world.model.add(wanted[0]).map(drop)
    };
    Some(added.map_err(|refusal| kind(&refusal)))
}

/// Spoils a shared subscriber, or registers one again that has been removed.
pub fn shared(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    let nth = world.program.byte();
    let Some(nth) = usize::from(nth).checked_rem(world.shares.len()) else { return };
    let (&id, share) = world.shares.iter().nth(nth).expect("within");
    if me.is(id) || world.doomed == Some(id) {
        return;
    }
    if let Some(sub) = world.subs.get_mut(&id) {
        trace!("spoil {id}");
        sub.is_broken |= share.spoil();
        return;
    }
    match share {
        Share::CellOne(cell) => {
            let cell = Rc::clone(cell);
            add_this(world, reactor, id, cell, Name::CellOne);
        }
        Share::CellSeveral(cell) => {
            let cell = Rc::clone(cell);
            add_this(world, reactor, id, cell, Name::CellSeveral);
        }
        Share::MutexOne(mutex) => {
            let mutex = Arc::clone(mutex);
            add_this(world, reactor, id, mutex, Name::MutexOne);
        }
        Share::MutexSeveral(mutex) => {
            let mutex = Arc::clone(mutex);
            add_this(world, reactor, id, mutex, Name::MutexSeveral);
        }
    }
}

pub fn let_share_go(world: &mut World) {
    let nth = world.program.byte();
    let Some(nth) = usize::from(nth).checked_rem(world.shares.len()) else { return };
    let id = *world.shares.keys().nth(nth).expect("within");
    trace!("let share {id} go");
    drop(world.shares.remove(&id));
    assert_eq!(world.release(id), world.was_dropped(id));
}
