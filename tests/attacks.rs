//! Attacks that fail: each of these must leave the reactor usable, lose nothing and hang nobody.

mod common;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{LONG, NOW, drain, fire, open_fds, pair, panics};
use eventp::__private::{Each, Field, PortCall, Ports};
use eventp::{
    Child, Dispatch, Doorbell, Eventp, EventpOps, Flow, Handler, Interest, PortSet, Readiness,
    Remote, Signals, Sleep, Subscriber, doorbell, event, interest,
};

fn works(reactor: &mut Eventp<u32>) {
    let (ours, theirs) = pair();
    let source = interest().read().with_fd(ours);
    let key = reactor
        .on(source, |d| {
            drain(d.fd);
            *d.state += 1;
        })
        .unwrap();
    fire(&theirs);
    let mut calls = 0;
    for _ in 0..20 {
        _ = reactor.run_once_with(&mut calls, NOW);
    }
    assert!(calls >= 1);
    reactor.delete(key).unwrap();
}

#[test]
fn circles_of_readiness_are_refused() {
    let mut a = Eventp::<u32>::new().unwrap();
    let own = a.readiness().unwrap();
    let error = a.on(interest().read().with_fd(own), |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    works(&mut a);
    let mut b = Eventp::<u32>::new().unwrap();
    let b_in_a = b.readiness().unwrap();
    a.on(interest().read().with_fd(b_in_a), |_| ()).unwrap();
    let error = b.on(interest().read().with_fd(a.readiness().unwrap()), |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    works(&mut a);
    works(&mut b);
    // And both rebuild.
    for reactor in [&mut a, &mut b] {
        let _ghost = common::ghost(reactor);
        works(reactor);
        works(reactor);
    }
}

#[test]
fn a_chain_that_is_too_long_is_refused_and_its_parts_work() {
    let mut chain: Vec<Eventp<u32>> = Vec::new();
    let mut refused = 0;
    for _ in 0..10 {
        let mut next = Eventp::<u32>::new().unwrap();
        if let Some(last) = chain.last_mut() {
            match last.readiness() {
                Ok(readiness) => {
                    if next.on(interest().read().with_fd(readiness), |_| ()).is_err() {
                        refused += 1;
                    }
                }
                Err(_) => refused += 1,
            }
        }
        chain.push(next);
    }
    assert!(refused > 0);
    for reactor in &mut chain {
        let _ghost = common::ghost(reactor);
        works(reactor);
    }
    // A reactor in the middle goes.
    chain.remove(1);
    chain.iter_mut().for_each(works);
}

#[repr(align(4096))]
struct Huge {
    fds: Vec<UnixStream>,
    page: [u8; 8192],
}

impl Ports for Huge {
    const ONE: bool = false;
    const FIELDS: &'static [Field] = &[Field { name: "a", ports: 0, armed: false, ..Field::ONE }];
    type Struct = Self;

    fn ports(&self, _field: usize, each: Each<'_>) -> io::Result<()> {
        self.fds.iter().for_each(|it| each(it.as_raw_fd(), interest().read()));
        Ok(())
    }

    fn call<W, S>(_field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        Some(PortCall::of_field::<0>())
    }
}

impl<Ep: EventpOps<State = u32>> Handler<Ep> for Huge {
    fn handle(mut d: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        assert_eq!(std::ptr::from_ref(&*d.fd) as usize % 4096, 0);
        assert!(d.fd.page.iter().all(|&it| it == 7));
        d.fd.fds.iter().for_each(|it| _ = drain(it));
        *d.state += 1;
        // The list changes its length, and is watched anew.
        d.fd.fds.pop();
        d.reactor.disarm(d.key, ALL)?;
        if d.fd.fds.is_empty() {
            return Ok(Flow::Remove);
        }
        d.reactor.arm(d.key, &*d.fd, ALL)?;
        Ok(Flow::Keep)
    }
}

const ALL: PortSet<Huge> = PortSet::of_fields(1);

#[test]
fn a_page_aligned_subscriber_with_a_list_that_shrinks() {
    for capacity in [1, 64] {
        let mut reactor = Eventp::<u32>::builder().capacity(capacity).build().unwrap();
        let (fds, peers): (Vec<_>, Vec<_>) = (0..20).map(|_| pair()).unzip();
        let handle = reactor.add(Huge { fds, page: [7; 8192] }).unwrap();
        reactor.arm(handle, ALL).unwrap();
        let mut calls = 0;
        for _ in 0..40 {
            peers.iter().for_each(|mut it| _ = io::Write::write(&mut it, b"x"));
            common::settle(&mut reactor, &mut calls);
        }
        assert!(calls >= 20, "{calls}");
        assert!(!reactor.contains(handle));
    }
}

#[test]
fn a_hundred_thousand_closures_are_dropped_with_the_reactor_while_threads_send_more() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Alive;
    impl Drop for Alive {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, SeqCst);
        }
    }
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let send = |remote: &Remote<u32>| {
        ALIVE.fetch_add(1, SeqCst);
        let alive = Alive;
        remote.send(move |_, _| drop(alive))
    };
    (0..100_000).for_each(|_| send(&remote).unwrap());
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let remote = remote.clone();
            thread::spawn(move || while send(&remote).is_ok() {})
        })
        .collect();
    let asked = remote.clone();
    let caller = thread::spawn(move || asked.call(|_, _| ()));
    thread::sleep(Duration::from_millis(20));
    drop(reactor);
    threads.into_iter().for_each(|it| it.join().unwrap());
    _ = caller.join().unwrap();
    assert_eq!(ALIVE.load(SeqCst), 0);
}

#[test]
fn last_clones_are_dropped_by_other_threads_while_it_turns_and_after() {
    for round in 0..60 {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let threads: Vec<_> = (0..4)
            .map(|nth| {
                let remote = reactor.remote().unwrap();
                let notifier = reactor.notifier(|d| *d.state += 1).unwrap();
                thread::spawn(move || {
                    for turn in 0..50 {
                        let waker = notifier.waker();
                        _ = remote.send(move |_, _| waker.wake());
                        drop(remote.clone());
                        _ = notifier.clone().notify();
                        if turn == nth * 10 {
                            thread::yield_now();
                        }
                    }
                    (remote, notifier.waker())
                })
            })
            .collect();
        for _ in 0..round {
            reactor.run_once_with(&mut 0, NOW).unwrap();
        }
        if round % 2 == 0 {
            drop(reactor);
            threads.into_iter().for_each(|it| it.join().unwrap().1.wake());
        } else {
            threads.into_iter().for_each(|it| it.join().unwrap().1.wake());
            works(&mut reactor);
        }
    }
}

#[test]
fn a_reactor_of_a_thread_that_ends_tells_who_waits() {
    thread_local!(static REACTOR: RefCell<Option<Eventp<u32>>> = const { RefCell::new(None) });
    let (tx, rx) = mpsc::channel();
    let owner = thread::spawn(move || {
        let mut reactor = Eventp::<u32>::new().unwrap();
        tx.send(reactor.remote().unwrap()).unwrap();
        let remote = reactor.remote().unwrap();
        struct Calls(UnixStream, Remote<u32>);
        impl Drop for Calls {
            fn drop(&mut self) {
                assert!(self.1.call(|_, _| ()).is_err());
                assert!(self.1.send(|_, _| ()).is_err());
                assert!(self.1.stop().is_err());
            }
        }
        impl AsFd for Calls {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }
        reactor.on(interest().read().with_fd(Calls(pair().0, remote)), |_| ()).unwrap();
        REACTOR.set(Some(reactor));
        thread::sleep(Duration::from_millis(100));
    });
    let remote = rx.recv().unwrap();
    assert_eq!(remote.call(|_, _| ()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    owner.join().unwrap();
}

#[test]
fn a_forgotten_iterator_of_subscribers_keeps_nobody_waiting() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    reactor.on(interest().read().with_fd(pair().0), |_| ()).unwrap();
    let mut all = reactor.into_subscribers();
    let waits = thread::spawn(move || remote.call(|_, _| ()));
    assert!(all.next().is_some());
    assert_eq!(waits.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    if cfg!(not(asan)) {
        std::mem::forget(all);
    }
}

#[test]
fn two_reactors_of_one_thread_that_call_each_other_are_told() {
    let (mut a, mut b) = (Eventp::<u32>::new().unwrap(), Eventp::<u32>::new().unwrap());
    let (to_a, to_b) = (a.remote().unwrap(), b.remote().unwrap());
    to_a.send(move |kinds, _| {
        *kinds = u32::from(to_b.call(|_, _| ()).unwrap_err().kind() == ErrorKind::Deadlock);
    })
    .unwrap();
    let mut kinds = 0;
    a.run_once_with(&mut kinds, LONG).unwrap();
    assert_eq!(kinds, 1);
    drop(b);
}

#[test]
fn a_child_process_that_drops_its_copy_takes_nothing_from_the_parents() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (ours, theirs) = pair();
    reactor
        .on(common::edge().with_fd(ours), |d| {
            drain(d.fd);
            *d.state += 1;
        })
        .unwrap();
    let remote = reactor.remote().unwrap();
    let (forks, fork_peer) = pair();
    let child = std::rc::Rc::new(Cell::new(0));
    let id = child.clone();
    reactor
        .on(common::edge().with_fd(forks), move |_| {
            // SAFETY: the child calls nothing but the reactor's destructor, and leaves; no other thread of this test holds a lock.
            id.set(unsafe { libc::fork() });
            if id.get() == 0 { Flow::Stop } else { Flow::Keep }
        })
        .unwrap();
    fire(&fork_peer);
    reactor.run_once_with(&mut 0, NOW).unwrap();
    if child.get() == 0 {
        drop(reactor);
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: `status` lives across the call.
    unsafe { libc::waitpid(child.get(), &mut status, 0) };
    assert_eq!(status, 0);
    fire(&theirs);
    remote.send(|calls, _| *calls += 10).unwrap();
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 11);
    works(&mut reactor);
}

#[test]
fn the_longest_and_the_shortest_timeouts() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let begin = Instant::now();
    for nanos in [0, 1, 999_999, 1_000_000] {
        assert_eq!(reactor.run_once_with(&mut 0, Some(Duration::from_nanos(nanos))).unwrap(), 0);
    }
    assert!(begin.elapsed() < Duration::from_secs(5));
    for long in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(1 << 40)] {
        let other = remote.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            other.send(|_, _| ())
        });
        while reactor.run_once_with(&mut 0, Some(long)).unwrap() == 0 {}
        thread.join().unwrap().unwrap();
    }
    let waits = thread::spawn(move || remote.call_timeout(Duration::MAX, |_, _| 7));
    while reactor.run_once_with(&mut 0, LONG).unwrap() == 0 {}
    assert_eq!(waits.join().unwrap().unwrap(), 7);
}

/// Whose destructor stops the reactor, rings it and asks it for more.
struct Parting(UnixStream, Remote<u32>, eventp::Notifier);

impl AsFd for Parting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        _ = self.1.stop();
        _ = self.1.send(|calls, _| *calls += 100);
        _ = self.2.notify();
        drop(self.1.call_async(|_, _| ()));
        self.2.waker().wake();
    }
}

#[test]
fn a_stop_is_answered_once_wherever_it_comes_from() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let notifier = reactor.notifier(|_| Flow::Keep).unwrap();
    let (ours, _theirs) = pair();
    let parting = Parting(ours, remote.clone(), notifier.clone());
    let key = reactor.on(interest().read().with_fd(parting), |d| _ = d.key).unwrap();
    remote.send(move |_, mut reactor| reactor.delete(key)).unwrap(); // its destructor stops
    reactor.run_with(&mut 0).unwrap();
    remote.send(|_, _| Flow::Stop).ok(); // refused: it has stopped
    let other = remote.clone();
    let stops = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        while other.send(|_, _| Flow::Stop).is_err() {}
    });
    reactor.run_with(&mut 0).unwrap();
    stops.join().unwrap();
    // From the hook, a notifier, the error hook by a remote, and a trigger.
    reactor.before_sleep(|_, mut reactor| {
        reactor.stop();
        Sleep::Allow
    });
    reactor.run_with(&mut 0).unwrap();
    reactor.before_sleep(|_, _| Sleep::Allow);
    let last = reactor.notifier(|_| Flow::Stop).unwrap();
    last.notify().unwrap();
    reactor.run_with(&mut 0).unwrap();
    let by = remote.clone();
    reactor.on_error(move |_, _| by.stop().unwrap());
    let fails = reactor.notifier(|_| io::Result::<()>::Err(ErrorKind::Other.into())).unwrap();
    fails.notify().unwrap();
    reactor.run_with(&mut 0).unwrap();
    reactor.trigger(last.key(), event()).unwrap();
    reactor.run_with(&mut 0).unwrap();
    assert!(!reactor.is_stopping());
    works(&mut reactor);
}

struct PanicsWhenWoken;
impl Wake for PanicsWhenWoken {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("woken"));
    }
}
impl Drop for PanicsWhenWoken {
    fn drop(&mut self) {
        if !thread::panicking() {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
}

#[test]
fn a_waker_that_panics_takes_no_result_away() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let told = std::rc::Rc::new(Cell::new(0));
    let tell = told.clone();
    reactor.on_error(move |_, _| tell.set(tell.get() + 1));
    let remote = reactor.remote().unwrap();
    for ends in [false, true] {
        let mut call = Box::pin(remote.call_async(|_, _| 42));
        let waker: Waker = Arc::new(PanicsWhenWoken).into();
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        _ = panics(|| drop(waker));
        let other = thread::spawn({
            let remote = remote.clone();
            move || remote.call(|_, _| 43)
        });
        while !other.is_finished() {
            reactor.run_once_with(&mut 0, Some(Duration::from_millis(5))).unwrap();
        }
        assert_eq!(other.join().unwrap().unwrap(), 43);
        let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("no result")
        };
        assert_eq!(result.unwrap(), 42);
        assert!(told.get() >= 1);
        if ends {
            works(&mut reactor);
        }
    }
}

#[test]
fn a_nested_reactor_that_was_interrupted_goes_in_the_handler_of_the_outer_one() {
    struct Nest(Option<Eventp<u32>>, Readiness);
    impl AsFd for Nest {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.1.as_fd()
        }
    }
    impl eventp::HasInterest for Nest {
        fn interest(&self) -> Interest {
            interest().read()
        }
    }
    impl Handler<Eventp<u32>> for Nest {
        fn handle(d: Dispatch<'_, Self, Eventp<u32>>) -> io::Result<Flow> {
            *d.state += 1;
            let Some(inner) = &mut d.fd.0 else { return Ok(Flow::Keep) };
            if panics(|| inner.run_once_with(&mut 0, NOW)) {
                d.fd.0 = None;
            }
            Ok(Flow::Keep)
        }
    }
    let mut inner = Eventp::<u32>::new().unwrap();
    for _ in 0..3 {
        inner
            .notifier(|mut d| {
                d.reactor.delete(d.key).unwrap();
                std::panic::resume_unwind(Box::new("as told"));
                #[allow(unreachable_code)]
                Flow::Keep
            })
            .unwrap()
            .notify()
            .unwrap();
    }
    let readiness = inner.readiness().unwrap();
    let mut outer = Eventp::<u32>::new().unwrap();
    let handle = outer.add(Nest(Some(inner), readiness)).unwrap();
    let mut calls = 0;
    for _ in 0..5 {
        outer.run_once_with(&mut calls, NOW).unwrap();
    }
    assert!(calls >= 1);
    assert!(outer.get(handle).unwrap().0.is_none());
    works(&mut outer);
}

#[test]
fn a_doorbell_that_is_rung_by_a_signal_handler_while_it_waits() {
    static BELL: std::sync::OnceLock<Doorbell> = std::sync::OnceLock::new();
    common::alone("a_doorbell_that_is_rung_by_a_signal_handler_while_it_waits", || {
        BELL.set(Doorbell::new().unwrap()).unwrap();
        let mut reactor = Eventp::<u32>::new().unwrap();
        reactor.on(doorbell().with_fd(BELL.get().unwrap()), |d| *d.state += 1).unwrap();
        // SAFETY: a `write` is made there, which may be.
        unsafe {
            signal_hook::low_level::register(libc::SIGUSR1, || BELL.get().unwrap().ring().unwrap())
        }
        .unwrap();
        // SAFETY: the thread that waits.
        let me = unsafe { libc::pthread_self() } as usize;
        let sends = thread::spawn(move || {
            for _ in 0..200 {
                // SAFETY: the thread is joined with first.
                unsafe { libc::pthread_kill(me as libc::pthread_t, libc::SIGUSR1) };
                thread::sleep(Duration::from_micros(300));
            }
        });
        let mut calls = 0;
        while !sends.is_finished() {
            reactor.run_once_with(&mut calls, Some(Duration::from_millis(50))).unwrap();
        }
        sends.join().unwrap();
        assert!(calls > 20, "{calls}");
    });
}

#[test]
fn children_that_threads_start_and_drop_leave_no_zombie_and_no_fd() {
    common::alone("children_that_threads_start_and_drop_leave_no_zombie_and_no_fd", || {
        let before = open_fds();
        let threads: Vec<_> = (0..3)
            .map(|nth| {
                thread::spawn(move || {
                    for round in 0..20 {
                        let child = Child::spawn(Command::new("sleep").arg("0.01")).unwrap();
                        if (round + nth) % 3 == 0 {
                            thread::sleep(Duration::from_millis(15));
                        }
                        if round % 5 == 0 {
                            child.kill(libc::SIGKILL).unwrap();
                        }
                        drop(child);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|it| it.join().unwrap());
        thread::sleep(Duration::from_millis(300));
        let mut last = Child::spawn(&mut Command::new("true")).unwrap();
        while last.read().is_err() {
            thread::sleep(Duration::from_millis(5));
        }
        drop(last);
        assert_eq!(open_fds(), before);
        // SAFETY: no status is asked for.
        let waited = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) };
        assert_eq!(waited, -1, "there is no child");
    });
}

#[test]
fn signals_that_threads_make_and_drop_leave_the_mask_as_it_was() {
    thread::spawn(|| {
        let blocked = |number| {
            // SAFETY: the set is made of integers; the calls write and read it.
            unsafe {
                let mut set: libc::sigset_t = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut set);
                libc::sigismember(&set, number) == 1
            }
        };
        let a = Signals::new(&[libc::SIGUSR1, libc::SIGUSR1, libc::SIGUSR2]).unwrap();
        let b = Signals::new(&[libc::SIGUSR2]).unwrap();
        assert!(Signals::new(&[libc::SIGUSR2, 0]).is_err());
        assert!(Signals::new(&[-1]).is_err() && Signals::new(&[i32::MAX, i32::MIN]).is_err());
        drop(a);
        assert!(!blocked(libc::SIGUSR1) && blocked(libc::SIGUSR2));
        let c = Signals::new(&[libc::SIGUSR2, libc::SIGRTMIN()]).unwrap();
        drop(b);
        assert!(blocked(libc::SIGUSR2));
        drop(c);
        assert!(!blocked(libc::SIGUSR2) && !blocked(libc::SIGRTMIN()));
        let none = Signals::new(&[]).unwrap();
        assert!(none.read().is_err());
        let d = Signals::new(&[libc::SIGUSR1]).unwrap();
        thread::spawn(move || drop(d)).join().unwrap();
        assert!(blocked(libc::SIGUSR1));
    })
    .join()
    .unwrap();
}
