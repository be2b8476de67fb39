//! Closures from other threads: how long one takes from the thread that sends it until it has run, and how long a call takes there and back. And
//! what a turn takes in a process with several threads, where the C library takes longer for each wait.
//!
//! ```text
//! cargo run --release -p eventp-bench --example threads [ROUNDS]
//! ```
//!
//! The bar is eventp 1.0, whose remote endpoint writes to its eventfd for each closure; mio and calloop are shown beside it, with a channel
//! of boxed closures. Rounds are interleaved, and ratios are taken within a round. There is no `raw` there: a queue by hand is what these are.

use std::env;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Instant;

use eventp_bench::measure::quartiles;
use eventp_bench::peers::Name;
use eventp_bench::workloads;

/// How many closures have run in this round.
static DONE: AtomicU64 = AtomicU64::new(0);

fn done() -> u64 {
    DONE.fetch_add(1, Ordering::Relaxed) + 1
}

type Job = Box<dyn FnOnce() + Send>;

/// Sends `each` closures from so many threads while `run` has the reactor run until all are done. Answers nanoseconds per closure.
fn flood<T: Clone + Send>(
    producers: u64,
    each: u64,
    sender: T,
    send: impl Fn(&T) + Copy + Send,
    run: impl FnOnce(u64),
) -> f64 {
    DONE.store(0, Ordering::Relaxed);
    let (start, all) = (Barrier::new(producers as usize + 1), producers * each);
    let nanoseconds = thread::scope(|scope| {
        for sender in (0..producers).map(|_| sender.clone()) {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                (0..each).for_each(|_| send(&sender));
            });
        }
        start.wait();
        let begin = Instant::now();
        run(all);
        begin.elapsed().as_nanos()
    });
    assert_eq!(DONE.load(Ordering::Relaxed), all, "every closure has run");
    nanoseconds as f64 / all as f64
}

fn ours(producers: u64, each: u64) -> f64 {
    let mut reactor = eventp::Eventp::<u64>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let send = |remote: &eventp::Remote<u64>| {
        let something = black_box(1u64);
        let closure = move |all: &mut u64, mut reactor: eventp::Pinned<'_, _>| {
            black_box(something);
            if done() == *all {
                reactor.stop();
            }
        };
        remote.send(closure).unwrap();
    };
    flood(producers, each, remote, send, |mut all| reactor.run_with(&mut all).unwrap())
}

fn eventp_1(producers: u64, each: u64) -> f64 {
    use eventp_1::{Eventp, remote_endpoint};
    let mut reactor = Eventp::default();
    let remote = remote_endpoint::<Eventp>().unwrap().register_into(&mut reactor).unwrap();
    let send = |remote: &eventp_1::remote_endpoint::RemoteEndpoint<Eventp>| {
        let something = black_box(1u64);
        let closure = move |_: eventp_1::Pinned<'_, Eventp>| {
            black_box(something);
            done();
        };
        remote.call_nonblocking(closure).unwrap();
    };
    flood(producers, each, remote, send, |all| {
        while DONE.load(Ordering::Relaxed) < all {
            reactor.run_once().unwrap();
        }
    })
}

fn mio(producers: u64, each: u64) -> f64 {
    let mut poll = mio::Poll::new().unwrap();
    let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
    let (jobs, inbox) = mpsc::channel::<Job>();
    let sender = (jobs, std::sync::Arc::new(waker));
    let send = |(jobs, waker): &(mpsc::Sender<Job>, std::sync::Arc<mio::Waker>)| {
        jobs.send(job()).unwrap();
        waker.wake().unwrap();
    };
    flood(producers, each, sender, send, |all| {
        let mut events = mio::Events::with_capacity(64);
        while DONE.load(Ordering::Relaxed) < all {
            poll.poll(&mut events, None).unwrap();
            inbox.try_iter().for_each(|job| job());
        }
    })
}

fn calloop(producers: u64, each: u64) -> f64 {
    use calloop::channel::{Event, Sender, channel};
    let mut events = calloop::EventLoop::<()>::try_new().unwrap();
    let (jobs, inbox) = channel::<Job>();
    let run_job = |event: Event<Job>, (): &mut (), (): &mut ()| match event {
        Event::Msg(job) => job(),
        Event::Closed => {}
    };
    events.handle().insert_source(inbox, run_job).unwrap();
    let send = |jobs: &Sender<Job>| jobs.send(job()).unwrap();
    flood(producers, each, jobs, send, |all| {
        while DONE.load(Ordering::Relaxed) < all {
            events.dispatch(None, &mut ()).unwrap();
        }
    })
}

fn job() -> Job {
    let something = black_box(1u64);
    Box::new(move || {
        black_box(something);
        done();
    })
}

fn our_round_trip(calls: u64) -> f64 {
    let (hand_over, remote) = mpsc::channel();
    let reactor = thread::spawn(move || {
        let mut reactor = eventp::Eventp::<()>::new().unwrap();
        hand_over.send(reactor.remote().unwrap()).unwrap();
        reactor.run().unwrap();
    });
    let remote = remote.recv().unwrap();
    let begin = Instant::now();
    (0..calls).for_each(|n| assert_eq!(remote.call(move |_, _| n).unwrap(), n));
    let nanoseconds = begin.elapsed().as_nanos() as f64 / calls as f64;
    remote.stop().unwrap();
    reactor.join().unwrap();
    nanoseconds
}

fn eventp_1_round_trip(calls: u64) -> f64 {
    use eventp_1::{Eventp, remote_endpoint};
    DONE.store(0, Ordering::Relaxed);
    let (hand_over, remote) = mpsc::channel();
    let reactor = thread::spawn(move || {
        let mut reactor = Eventp::default();
        let remote = remote_endpoint::<Eventp>().unwrap().register_into(&mut reactor).unwrap();
        hand_over.send(remote).unwrap();
        while DONE.load(Ordering::Relaxed) == 0 {
            reactor.run_once().unwrap();
        }
    });
    let remote = remote.recv().unwrap();
    let begin = Instant::now();
    (0..calls).for_each(|n| assert_eq!(remote.call_blocking(move |_| Ok(n)).unwrap(), n));
    let nanoseconds = begin.elapsed().as_nanos() as f64 / calls as f64;
    remote.call_nonblocking(|_| _ = done()).unwrap();
    reactor.join().unwrap();
    nanoseconds
}

/// Turns of the workload `ready` with one fd.
fn turn(peer: Name) -> f64 {
    let mut subject = workloads::ready::READY.make(1, peer).unwrap();
    let (warm, run) = (subject.run(100), subject.run(10_000));
    assert_eq!(subject.end(), warm.all_events + run.all_events, "every event was handled");
    run.time.as_nanos() as f64 / run.events as f64
}

type Measure<'a> = (&'a str, &'a dyn Fn() -> f64);

/// Measures all in turn, the first being the bar.
fn compare(what: &str, rounds: usize, peers: &[Measure<'_>]) {
    let mut times = vec![Vec::new(); peers.len()];
    for round in 0..rounds {
        for nth in 0..peers.len() {
            let nth = (nth + round) % peers.len();
            times[nth].push(peers[nth].1());
        }
    }
    println!("{what:<32} {:>10} {:>18}", "ns", format!("ratio to {}", peers[0].0));
    for ((name, _), own) in peers.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, bar)| own / bar).collect();
        let [[_, time, _], [_, ratio, _]] = [own.clone(), ratios].map(quartiles);
        println!("  {name:<30} {time:>10.0} {ratio:>18.2}");
    }
}

fn main() {
    let rounds = env::args().nth(1).map_or(15, |rounds| rounds.parse().expect("a number"));
    for (producers, each) in [(1, 50_000), (4, 12_500)] {
        let peers: [Measure<'_>; 4] = [
            ("eventp-1", &|| eventp_1(producers, each)),
            ("ours", &|| ours(producers, each)),
            ("mio", &|| mio(producers, each)),
            ("calloop", &|| calloop(producers, each)),
        ];
        compare(&format!("closures, {producers} threads"), rounds, &peers);
    }
    let peers: [Measure<'_>; 2] =
        [("eventp-1", &|| eventp_1_round_trip(1_000)), ("ours", &|| our_round_trip(1_000))];
    compare("a call there and back", rounds, &peers);
    let peers: [Measure<'_>; 4] = [
        ("raw", &|| turn(Name::Raw)),
        ("ours", &|| turn(Name::Ours)),
        ("eventp-1", &|| turn(Name::Eventp1)),
        ("mio-vec", &|| turn(Name::MioVec)),
    ];
    thread::scope(|scope| {
        let other = scope.spawn(thread::park);
        compare("a turn, beside another thread", 10 * rounds, &peers);
        other.thread().unpark();
    });
}
