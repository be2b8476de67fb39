//! Arming the ports of subscribers with several fds: of the running one by its `&self`, and of others.

use std::io::{self, ErrorKind};

use eventp::PortSet;

use super::adding::some_whim;
use super::handlers::Me;
use super::names::{Name, Peek};
use super::operations::{Reactor, agree, kind};
use super::reference::Wanted;
use super::subscribers::{Several, Whim};
use super::world::World;
use super::{catch, trace};

pub fn arm(world: &mut World, reactor: &mut Reactor<'_>, me: &mut Me<'_>) {
    let own = match me {
        Me::Several(id, this) if world.program.chance(2) => Some((*id, &**this)),
        _ => None,
    };
    let fields = u64::from(world.program.byte() & 15);
    let target = match own {
        Some((id, _)) => world.subs.get(&id).map(|&sub| (id, sub)),
        None => world.pick(),
    };
    let Some((id, sub)) = target else { return };
    let whim = some_whim(world, true);
    let set = PortSet::<Several>::of_fields(fields);
    trace!("arm {id} {fields:b} {whim:?}");
    if let Some((_, this)) = own {
        this.0.whim.set(whim);
        let wanted = this.0.wanted(id, fields);
        let foreseen = foresee_arm(world, &wanted, fields, whim);
        let armed = catch(|| reactor.arm(sub.name.key(), this, set));
        this.0.whim.set(Whim::None);
        return agree_or_panic(armed, foreseen);
    }
    macro_rules! arm_other {
        ($handle:expr) => {{
            let wanted = match reactor.get_mut($handle) {
                Err(_) => {
                    assert!(me.is(id));
                    let armed = reactor.arm_other($handle, set);
                    return agree("arm", armed, Err(ErrorKind::ResourceBusy));
                }
                Ok(value) => value.peek(|body| {
                    body.whim.set(whim);
                    body.wanted(id, fields)
                }),
            };
            let foreseen = match &wanted {
                Some(wanted) => foresee_arm(world, wanted, fields, whim),
                None if fields == 0 => Some(Ok(())),
                None if sub.name.is_mutex() => Some(Err(ErrorKind::Other)),
                None => Some(Err(ErrorKind::ResourceBusy)),
            };
            let armed = catch(|| reactor.arm_other($handle, set));
            if let Ok(value) = reactor.get_mut($handle) {
                value.peek(|body| body.whim.set(Whim::None));
            }
            if armed.is_none() && sub.name.is_mutex() {
                world.subs.get_mut(&id).expect("registered").is_broken = true; // it panicked under the lock
            }
            agree_or_panic(armed, foreseen)
        }};
    }
    match sub.name {
        Name::Several(handle) => arm_other!(handle),
        Name::CellSeveral(handle) => arm_other!(handle),
        Name::MutexSeveral(handle) => arm_other!(handle),
        Name::One(handle) => {
            let armed = reactor.arm_other(handle, PortSet::of_fields(1));
            let is_own = me.is(id);
            let kind = if is_own { ErrorKind::ResourceBusy } else { ErrorKind::InvalidInput };
            agree("arm", armed, Err(kind));
        }
        _ => {}
    }
}

/// What arming these fds will do: `None` if it panics.
fn foresee_arm(
    world: &mut World,
    wanted: &[Wanted],
    fields: u64,
    whim: Whim,
) -> Option<Result<(), ErrorKind>> {
    match whim {
        Whim::Panic if !wanted.is_empty() => return None,
        Whim::Fail if fields != 0 => return Some(Err(ErrorKind::Other)),
        _ => {}
    }
    Some(world.model.add_all(wanted).map_err(|refusal| kind(&refusal)))
}

fn agree_or_panic(armed: Option<io::Result<()>>, foreseen: Option<Result<(), ErrorKind>>) {
    match (armed, foreseen) {
        (None, None) => {}
        (Some(armed), Some(foreseen)) => agree("arm", armed, foreseen),
        (armed, foreseen) => panic!("arm: {armed:?}, but the model says {foreseen:?}"),
    }
}
