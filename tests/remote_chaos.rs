//! Many threads at once do to a reactor all that a `Remote` and a `Notifier` can, while it runs, stops, panics and goes.
//!
//! What must hold whoever comes first: each closure is dropped once; a caller that is told that its closure has run, or has not, is told the truth;
//! nobody waits for ever (else the test does). Run by `scripts/tsan` and `scripts/asan`, too.

mod common;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eventp::{Eventp, Flow, Notifier, Remote};

const ROUNDS: u64 = 60;
const THREADS: u64 = 4;
const OPERATIONS: u64 = 150;

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Default)]
struct Counts {
    made: AtomicU64,
    dropped: AtomicU64,
}

/// What each closure carries: says when it is dropped, and whether it ran.
struct Witness {
    counts: Arc<Counts>,
    ran: Arc<AtomicBool>,
}

impl Witness {
    fn new(counts: &Arc<Counts>) -> (Self, Arc<AtomicBool>) {
        counts.made.fetch_add(1, SeqCst);
        let ran = Arc::new(AtomicBool::new(false));
        (Self { counts: counts.clone(), ran: ran.clone() }, ran)
    }

    fn run(&self, calls: &mut u64) {
        assert!(!self.ran.swap(true, SeqCst), "twice");
        *calls += 1;
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, SeqCst);
    }
}

fn check(result: &io::Result<u64>, ran: bool) {
    match result {
        Ok(_) => assert!(ran, "answered, but has not run"),
        Err(error) => match error.kind() {
            ErrorKind::BrokenPipe => assert!(!ran, "{error}, but has run"),
            ErrorKind::TimedOut if error.to_string().contains("will not run") => assert!(!ran),
            ErrorKind::TimedOut => {}
            ErrorKind::Other => assert!(ran && error.to_string().contains("as told"), "{error}"),
            kind => panic!("{kind:?}: {error}"),
        },
    }
}

/// One thread's operations.
fn pester(seed: u64, remote: &Remote<u64>, notifier: &Notifier, counts: &Arc<Counts>) {
    let mut dice = Dice(seed);
    for _ in 0..OPERATIONS {
        let (witness, ran) = Witness::new(counts);
        let panics = dice.roll(20) == 0;
        let job = move |calls: &mut u64, _: eventp::Pinned<'_, Eventp<u64>>| {
            witness.run(calls);
            assert!(!panics, "as told");
            *calls
        };
        while dice.roll(20) != 0 && remote.send(|_, _| ()).is_err() {
            thread::yield_now(); // it has stopped: most of the time, wait for the next run call
        }
        match dice.roll(100) {
            0..30 => _ = remote.send(move |calls, reactor| _ = job(calls, reactor)),
            30..45 => check(&remote.call(job), ran.load(SeqCst)),
            45..70 => {
                let timeout = Duration::from_micros(dice.roll(200));
                check(&remote.call_timeout(timeout, job), ran.load(SeqCst));
            }
            70..85 => {
                let mut call = pin!(remote.call_async(job));
                for _ in 0..dice.roll(3) {
                    if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                        break;
                    }
                }
            }
            85..87 => _ = remote.stop(),
            _ => notifier.waker().wake(),
        }
    }
}

/// The reactor's own thread: runs it whatever ends each call, until all threads are done or the dice say so.
fn run(reactor: &mut Eventp<u64>, dice: &mut Dice, calls: &mut u64, threads: &[JoinHandle<()>]) {
    let most = if dice.roll(2) == 0 { dice.roll(30) } else { u64::MAX };
    let mut runs = 0;
    while runs < most && !threads.iter().all(JoinHandle::is_finished) {
        _ = common::panics(|| match dice.roll(2) {
            0 => drop(reactor.run_once_with(calls, Some(Duration::from_micros(dice.roll(2_000))))),
            _ => drop(reactor.run_with(calls)),
        });
        runs += 1;
    }
}

fn round(seed: u64) {
    let mut dice = Dice(seed);
    let counts = Arc::new(Counts::default());
    let mut reactor = Eventp::<u64>::new().unwrap();
    reactor.on_error(|error, _| assert!(error.to_string().contains("as told"), "{error}"));
    let remote = reactor.remote().unwrap();
    let notifier = reactor
        .notifier(|d| {
            *d.state += 1;
            assert!(*d.state % 7 != 0, "as told");
            Flow::Keep
        })
        .unwrap();
    let threads: Vec<_> = (0..THREADS)
        .map(|nth| {
            let (remote, notifier, counts) = (remote.clone(), notifier.clone(), counts.clone());
            let seed = dice.roll(1 << 30) ^ nth << 32;
            thread::spawn(move || pester(seed, &remote, &notifier, &counts))
        })
        .collect();
    // Nobody else may be left to stop it.
    let (last, done) = (remote.clone(), Arc::new(AtomicBool::new(false)));
    let until = done.clone();
    let stopper = thread::spawn(move || {
        while !until.load(SeqCst) {
            _ = last.stop();
            thread::sleep(Duration::from_millis(5));
        }
    });
    run(&mut reactor, &mut dice, &mut 0, &threads);
    done.store(true, SeqCst);
    drop(reactor);
    stopper.join().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(remote.stop().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(counts.made.load(SeqCst), counts.dropped.load(SeqCst), "dropped once each");
}

#[test]
fn whatever_comes_first_nothing_is_lost_and_nobody_is_told_a_lie() {
    (0..ROUNDS).for_each(round);
}
