//! Subscribers all of whose code may panic: with one fd, with several, a reactor in the reactor, and some that are large or aligned to a page.

use super::*;

pub(crate) struct Near<A> {
    pub(crate) stream: UnixStream,
    pub(crate) interest: Interest,
    pub(crate) witness: Witness,
    /// Whether the fd that is registered is, or may be, another.
    pub(crate) lied: Cell<bool>,
    pub(crate) _filling: A,
}

impl<A> AsFd for Near<A> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        bomb(20);
        if ARMED.get() && roll(40) == 0 {
            self.lied.set(true);
            // Open as long as the program.
            return OTHER.as_fd();
        }
        self.stream.as_fd()
    }
}
pub(crate) static OTHER: LazyLock<UnixStream> = LazyLock::new(|| pair().0);

impl<A> HasInterest for Near<A> {
    fn interest(&self) -> Interest {
        bomb(20);
        self.interest
    }
}

impl<A: 'static> Handler<Eventp<World>> for Near<A> {
    fn handle(d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        drain(&d.fd.stream);
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

pub(crate) fn answer(
    world: &mut World,
    mut reactor: Pinned<'_, Eventp<World>>,
    key: Key,
    witness: &Witness,
) -> io::Result<Flow> {
    CALLS.fetch_add(1, SeqCst);
    if QUIET.get() {
        return Ok(Flow::Keep);
    }
    assert_eq!(*witness.0, 42);
    for _ in 0..roll(4) {
        match roll(12) {
            0 => _ = reactor.delete(key),
            1 => _ = reactor.modify(key, an_interest()),
            2 => _ = reactor.trigger(key, event().readable()),
            3 => _ = panics(|| act(world, reactor.reborrow())),
            _ => act(world, reactor.reborrow()),
        }
    }
    assert_eq!(*witness.0, 42);
    bomb(8);
    match roll(20) {
        0 => Ok(Flow::Remove),
        1 => Ok(Flow::Stop),
        2 => Err(io::Error::other(Failure(Witness::new()))),
        _ => Ok(Flow::Keep),
    }
}

/// Three fields: one, some, and some that are armed later.
pub(crate) struct Far {
    pub(crate) one: UnixStream,
    pub(crate) some: Vec<UnixStream>,
    pub(crate) later: Vec<UnixStream>,
    pub(crate) witness: Witness,
}

impl Ports for Far {
    const ONE: bool = false;
    const FIELDS: &'static [Field] = &[
        Field { name: "one", ports: 1, armed: true, ..Field::ONE },
        Field { name: "some", ports: 0, armed: true, ..Field::ONE },
        Field { name: "later", ports: 2, armed: false, ..Field::ONE },
    ];
    type Struct = Self;

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        bomb(20);
        match field {
            0 => each(self.one.as_raw_fd(), an_interest()),
            1 => self.some.iter().for_each(|it| each(it.as_raw_fd(), an_interest())),
            _ => self.later.iter().for_each(|it| each(it.as_raw_fd(), an_interest())),
        }
        if roll(60) == 0 {
            return Err(io::Error::other("no"));
        }
        bomb(40);
        Ok(())
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        bomb(30);
        Some(match field {
            0 => PortCall::of_field::<0>(),
            1 => PortCall::of_field::<1>(),
            2 => PortCall::of_field::<2>(),
            _ => return None,
        })
    }
}

impl Handler<Eventp<World>> for Far {
    fn handle(mut d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        drain(&d.fd.one);
        d.fd.some.iter().chain(&d.fd.later).for_each(|it| _ = drain(it));
        match roll(8) {
            0 => _ = d.reactor.arm(d.key, &*d.fd, LATER),
            1 => _ = d.reactor.disarm(d.key, LATER),
            2 => _ = d.reactor.disarm(d.key, SOME),
            3 => _ = d.reactor.arm(d.key, &*d.fd, SOME),
            4 => _ = d.reactor.arm(d.key, &*d.fd, SOME.with(LATER).with(FIRST)),
            5 => change(d.fd, d.state),
            _ => {}
        }
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

pub(crate) const FIRST: PortSet<Far> = PortSet::of_fields(1);
pub(crate) const SOME: PortSet<Far> = PortSet::of_fields(2);
pub(crate) const LATER: PortSet<Far> = PortSet::of_fields(4);

pub(crate) fn change(far: &mut Far, world: &mut World) {
    let list = if roll(2) == 0 { &mut far.some } else { &mut far.later };
    if roll(2) == 0 && !list.is_empty() {
        list.remove(roll(list.len() as u64) as usize);
    } else if list.len() < 6 {
        list.push(world.stream());
    }
}

/// A reactor in a reactor.
pub(crate) struct Nest {
    pub(crate) inner: Eventp<u32>,
    pub(crate) readiness: eventp::Readiness,
    pub(crate) witness: Witness,
}

impl AsFd for Nest {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readiness.as_fd()
    }
}

impl HasInterest for Nest {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl Handler<Eventp<World>> for Nest {
    fn handle(d: Dispatch<'_, Self, Eventp<World>>) -> io::Result<Flow> {
        if roll(20) == 0 {
            d.fd.inner = Eventp::new()?; // the readiness fd leads to nothing now
        }
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            d.fd.inner.run_once_with(&mut 0, NOW)
        }));
        match ran {
            Ok(_) => {}
            Err(payload) if roll(2) == 0 => drop(payload),
            Err(payload) => resume_unwind(payload),
        }
        answer(d.state, d.reactor, d.key, &d.fd.witness)
    }
}

pub(crate) fn a_nest() -> io::Result<Nest> {
    let mut inner = Eventp::<u32>::builder().capacity(1 + roll(3) as usize).build()?;
    let readiness = inner.readiness()?;
    for _ in 0..roll(5) {
        let witness = Witness::new();
        let n = inner.notifier(move |d| {
            let _witness = &witness;
            if roll(3) == 0 {
                _ = d.fd.notify();
            }
            bomb(4);
            if roll(5) == 0 { Flow::Remove } else { Flow::Keep }
        })?;
        n.notify()?;
        NOTIFIERS
            .with(|all| all.try_borrow_mut().map(|mut all| all.push((n, Arc::default()))))
            .ok();
    }
    Ok(Nest { inner, readiness, witness: Witness::new() })
}

#[repr(align(4096))]
pub(crate) struct Page;
#[repr(align(64))]
pub(crate) struct Line(#[expect(dead_code, reason = "makes it large")] pub(crate) [u8; 200]);
