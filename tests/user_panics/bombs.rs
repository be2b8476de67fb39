//! What panics, and what notices: a program's random numbers, values that are counted and explode when they are dropped, and closures and
//! notifications that leave from anywhere.

use super::*;

thread_local! {
    pub(crate) static SEED: Cell<u64> = const { Cell::new(1) };
    pub(crate) static ARMED: Cell<bool> = const { Cell::new(false) };
    pub(crate) static REMOTE: RefCell<Option<Remote<World>>> = const { RefCell::new(None) };
    pub(crate) static NOTIFIERS: RefCell<Vec<(Notifier, Arc<AtomicBool>)>> = const { RefCell::new(Vec::new()) };
    pub(crate) static QUIET: Cell<bool> = const { Cell::new(false) };
    pub(crate) static DEPTH: Cell<u32> = const { Cell::new(0) };
}
pub(crate) static ALIVE: AtomicUsize = AtomicUsize::new(0);
pub(crate) static BOMBS: AtomicUsize = AtomicUsize::new(0);
pub(crate) static CALLS: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn roll(sides: u64) -> u64 {
    SEED.set(
        SEED.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407),
    );
    (SEED.get() >> 33) % sides
}

pub(crate) fn bomb(one_in: u64) {
    if ARMED.get() && !std::thread::panicking() && roll(one_in) == 0 {
        BOMBS.fetch_add(1, SeqCst);
        if roll(3) == 0 {
            resume_unwind(Box::new(Payload))
        }
        resume_unwind(Box::new("bomb"));
    }
}

pub(crate) struct Payload;
impl Drop for Payload {
    fn drop(&mut self) {
        if roll(4) == 0 {
            notify();
        }
    }
}

pub(crate) fn notify() {
    NOTIFIERS.with(|all| {
        let Ok(all) = all.try_borrow() else { return };
        if all.is_empty() {
            return;
        }
        let (notifier, asked) = &all[roll(all.len() as u64) as usize];
        asked.store(true, SeqCst);
        match roll(3) {
            0 => notifier.waker().wake(),
            1 => notifier.waker().clone().wake_by_ref(),
            _ => _ = notifier.notify(),
        }
    });
}

pub(crate) fn send() {
    let Some(remote) = REMOTE.with(|it| it.try_borrow().ok()?.clone()) else { return };
    if DEPTH.get() > 3 {
        return;
    }
    DEPTH.set(DEPTH.get() + 1);
    let witness = Witness::new();
    let job = move |world: &mut World, reactor: Pinned<'_, Eventp<World>>| {
        act(world, reactor);
        bomb(6);
        // First: what has been made when a destructor panics at the end of a function is leaked (rust-lang/rust#47949).
        drop(witness);
        Witness::new()
    };
    match roll(5) {
        0 => _ = remote.send(move |w, r| drop(job(w, r))),
        1 => {
            _ = remote.send(move |w, r| {
                drop(job(w, r));
                match roll(3) {
                    0 => Err(io::Error::other(Failure(Witness::new()))),
                    1 => Ok(Flow::Remove),
                    _ => Ok(Flow::Keep),
                }
            })
        }
        2 => _ = remote.send(move |w, r| drop(job(w, r))),
        3 => {
            let mut call = Box::pin(remote.call_async(job));
            let waker: Waker = Arc::new(Wakes(Witness::new())).into();
            _ = call.as_mut().poll(&mut Context::from_waker(&waker));
            if roll(2) == 0 {
                _ = call.as_mut().poll(&mut Context::from_waker(&waker));
            }
            if roll(3) != 0 {
                keep(call);
            }
        }
        _ => drop(remote.call_async(job)),
    }
    DEPTH.set(DEPTH.get() - 1);
}

pub(crate) type Calls = Vec<Pin<Box<dyn Future<Output = io::Result<Witness>>>>>;
thread_local!(pub(crate) static KEPT: RefCell<Calls> = const { RefCell::new(Vec::new()) });

pub(crate) fn keep(call: Pin<Box<dyn Future<Output = io::Result<Witness>>>>) {
    let former = KEPT.with(|kept| {
        let Ok(mut kept) = kept.try_borrow_mut() else { return None };
        kept.push(call);
        (kept.len() > 8).then(|| kept.remove(0))
    });
    drop(former);
}

pub(crate) struct Wakes(#[expect(dead_code, reason = "is dropped")] Witness);
impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        notify();
        bomb(4);
    }
}

#[derive(Debug)]
pub(crate) struct Failure(#[expect(dead_code, reason = "is dropped")] pub(crate) Witness);
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failure")
    }
}
impl std::error::Error for Failure {}

/// Counts, and explodes when it is dropped.
#[derive(Debug)]
pub(crate) struct Witness(pub(crate) Box<u64>);

impl Witness {
    pub(crate) fn new() -> Self {
        ALIVE.fetch_add(1, SeqCst);
        Self(Box::new(42))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        assert_eq!(*self.0, 42);
        *self.0 = 0;
        ALIVE.fetch_sub(1, SeqCst);
        if DEPTH.get() > 2 || std::thread::panicking() {
            return;
        }
        DEPTH.set(DEPTH.get() + 1);
        match roll(12) {
            0 => notify(),
            1 if panics(send) => DEPTH.set(1),
            2 => _ = REMOTE.with(|it| it.try_borrow().ok()?.as_ref()?.stop().ok()),
            _ => {}
        }
        DEPTH.set(DEPTH.get().saturating_sub(1));
        bomb(25);
    }
}
