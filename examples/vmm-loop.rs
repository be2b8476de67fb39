//! The event loop of a small virtual machine: 22 fds in 9 subscribers, each of a type of its own.
//!
//! ```text
//! cargo run --example vmm-loop
//! ```
//!
//! | subscriber | fds | which                                                         | how it is written               |
//! |------------|----:|---------------------------------------------------------------|---------------------------------|
//! | net        |   6 | activation, two queues, two rate limiters, the tap            | struct, fds in a `Vec`          |
//! | block      |   3 | queue, rate limiter, completions of the disk                  | struct                          |
//! | vsock      |   4 | three queues, the host's end                                  | struct, fds in an array         |
//! | balloon    |   4 | three queues, the timer of the statistics                     | struct, a field for each fd     |
//! | serial     |   1 | the console's input                                           | struct with one fd              |
//! | rtc        |   1 | the alarm                                                     | struct, shared with the vCPU    |
//! | metrics    |   1 | a timer                                                       | function                        |
//! | API        |   1 | a socket that listens                                         | function                        |
//! | exit       |   1 | rung when the machine is off                                  | closure                         |
//!
//! A thread plays the guest and the rest of the world: in each round it gives every device something to do, and waits for its interrupts.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use eventp::{Doorbell, Eventp, Flow, Port, Register, doorbell, handler, interest, subscriber};
use nix::errno::Errno;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

const ROUNDS: u64 = 20;

/// So long nothing happens only if something is broken.
const DEADLINE: Duration = Duration::from_secs(10);

/// The state, lent to every handler that asks for it.
struct Vmm {
    /// What was handled: by subscriber, and by fd.
    counts: BTreeMap<(&'static str, &'static str), u64>,
    /// The interrupt controller: the guest has the other end.
    interrupts: Sender<&'static str>,
}

impl Vmm {
    fn count(&mut self, subscriber: &'static str, fd: &'static str) {
        *self.counts.entry((subscriber, fd)).or_default() += 1;
    }

    fn interrupt(&self, line: &'static str) -> io::Result<()> {
        self.interrupts.send(line).map_err(io::Error::other)
    }
}

fn timer() -> io::Result<TimerFd> {
    let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
    Ok(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?)
}

fn fire_in(timer: &TimerFd, delay: Duration) -> io::Result<()> {
    Ok(timer.set(Expiration::OneShot(delay.into()), TimerSetTimeFlags::empty())?)
}

fn fire_every(timer: &TimerFd, period: Duration) -> io::Result<()> {
    Ok(timer.set(Expiration::Interval(period.into()), TimerSetTimeFlags::empty())?)
}

/// Whether the timer has fired. It is silent then until it fires again.
fn has_fired(timer: &TimerFd) -> io::Result<bool> {
    match timer.wait() {
        Ok(()) => Ok(true),
        Err(Errno::EAGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A queue that is kicked waits for its limiter; what was to be sent goes to the tap then, and what comes from the tap is an interrupt.
#[subscriber]
struct Net {
    #[fd(interest = doorbell)]
    activate: Doorbell,
    #[fd(interest = doorbell)]
    queues: Vec<Doorbell>,
    #[fd(interest = read)]
    rx_limiter: TimerFd,
    #[fd(interest = read)]
    tx_limiter: TimerFd,
    #[fd(interest = read | edge_triggered)]
    tap: UnixDatagram,
    is_active: bool,
}

#[handler]
impl Net {
    #[on(activate)]
    fn activated(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("net", "activate");
        self.is_active = true;
        vmm.interrupt("net")
    }

    #[on(queues)]
    fn kicked(&mut self, port: Port, vmm: &mut Vmm) -> io::Result<()> {
        assert!(self.is_active, "a driver activates the device before it uses the queues");
        let (name, limiter) = match port.index() {
            0 => ("rx queue", &self.rx_limiter),
            _ => ("tx queue", &self.tx_limiter),
        };
        vmm.count("net", name);
        fire_in(limiter, Duration::from_micros(200))
    }

    #[on(rx_limiter)]
    fn rx_refill(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("net", "rx limiter");
        if has_fired(&self.rx_limiter)? { vmm.interrupt("net") } else { Ok(()) }
    }

    #[on(tx_limiter)]
    fn tx_refill(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("net", "tx limiter");
        if has_fired(&self.tx_limiter)? { self.tap.send(b"frame").map(drop) } else { Ok(()) }
    }

    #[on(tap)]
    fn frames(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("net", "tap");
        loop {
            match self.tap.recv(&mut [0; 1514]) {
                Ok(_) => vmm.interrupt("net")?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// A request waits for the limiter, then for the disk: an io_uring would ring when it is done; here the device does so itself.
#[subscriber]
struct Block {
    #[fd(interest = doorbell)]
    queue: Doorbell,
    #[fd(interest = read)]
    limiter: TimerFd,
    #[fd(interest = doorbell)]
    completions: Doorbell,
}

#[handler]
impl Block {
    #[on(queue)]
    fn request(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("block", "queue");
        fire_in(&self.limiter, Duration::from_micros(300))
    }

    #[on(limiter)]
    fn submit(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("block", "limiter");
        if has_fired(&self.limiter)? { self.completions.ring() } else { Ok(()) }
    }

    #[on(completions)]
    fn complete(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("block", "completions");
        vmm.interrupt("block")
    }
}

/// What the guest transmits goes to the host's end, and an answer from there is an interrupt.
#[subscriber]
struct Vsock {
    #[fd(interest = doorbell)]
    queues: [Doorbell; 3],
    #[fd(interest = read)]
    host: UnixStream,
}

#[handler]
impl Vsock {
    #[on(queues)]
    fn kicked(&mut self, port: Port, vmm: &mut Vmm) -> io::Result<()> {
        let queue = ["rx queue", "tx queue", "event queue"][port.index()];
        vmm.count("vsock", queue);
        if queue == "tx queue" { self.host.write_all(b"?") } else { vmm.interrupt("vsock") }
    }

    #[on(host)]
    fn answered(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("vsock", "host");
        self.host.read_exact(&mut [0])?;
        vmm.interrupt("vsock")
    }
}

/// Gives memory to the host and takes it back, and asks the guest for statistics from time to time.
#[subscriber]
struct Balloon {
    #[fd(interest = doorbell)]
    inflate: Doorbell,
    #[fd(interest = doorbell)]
    deflate: Doorbell,
    #[fd(interest = doorbell)]
    statistics: Doorbell,
    #[fd(interest = read)]
    timer: TimerFd,
    pages: u64,
}

#[handler]
impl Balloon {
    #[on(inflate)]
    fn inflated(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("balloon", "inflate");
        self.pages += 512;
        vmm.interrupt("balloon")
    }

    #[on(deflate)]
    fn deflated(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("balloon", "deflate");
        self.pages = self.pages.saturating_sub(512);
        vmm.interrupt("balloon")
    }

    #[on(statistics | timer)]
    fn statistics(&mut self, port: Port, vmm: &mut Vmm) -> io::Result<()> {
        if Balloon::TIMER.contains(port) {
            vmm.count("balloon", "timer");
            return has_fired(&self.timer).map(drop);
        }
        vmm.count("balloon", "statistics");
        vmm.interrupt("balloon")
    }
}

#[subscriber(interest = read)]
struct Serial {
    #[fd]
    input: UnixStream,
}

#[handler]
impl Serial {
    fn handle(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("serial", "input");
        self.input.read_exact(&mut [0])?;
        vmm.interrupt("serial")
    }
}

/// The thread of the vCPU sets the alarm, the reactor's hears it: both under the lock.
#[subscriber(interest = read)]
struct Rtc {
    #[fd]
    alarm: TimerFd,
}

#[handler]
impl Rtc {
    #[on(readable)]
    fn alarm(&mut self, vmm: &mut Vmm) -> io::Result<()> {
        vmm.count("rtc", "alarm");
        if has_fired(&self.alarm)? { vmm.interrupt("rtc") } else { Ok(()) }
    }
}

#[handler]
fn flush_metrics(timer: &mut TimerFd, #[state] vmm: &mut Vmm) -> io::Result<()> {
    vmm.count("metrics", "timer");
    has_fired(timer).map(drop)
}

/// A connection to a Unix socket stays in the queue even if its client has gone: `accept` does not block.
#[handler]
fn answer(api: &mut UnixListener, state: &mut Vmm) -> io::Result<()> {
    state.count("API", "socket");
    let (mut client, _) = api.accept()?;
    // An error of one client is no reason to remove the socket that all connect to.
    let _ = writeln!(client, "{} fds have had events", state.counts.len());
    Ok(())
}

/// The other ends of everything.
struct World {
    vcpu: Vcpu,
    tap: UnixDatagram,
    vsock: UnixStream,
    console: UnixStream,
    api: SocketAddr,
    exit: Exit,
}

/// Rings when the machine is off, whichever way it came to that: the loop ends even if the guest panics.
struct Exit(Doorbell);

impl Drop for Exit {
    fn drop(&mut self) {
        if let Err(error) = self.0.ring() {
            eprintln!("vmm-loop: {error}");
        }
    }
}

/// What the guest has: doorbells to ring, an alarm to set, and its interrupts.
struct Vcpu {
    activate: Doorbell,
    queues: Vec<Doorbell>,
    rtc: Arc<Mutex<Rtc>>,
    interrupts: Receiver<&'static str>,
}

impl World {
    /// Gives itself back: the other ends stay open for as long as the loop runs, so that it sees the exit and no other end.
    fn play(mut self) -> io::Result<(Self, BTreeMap<&'static str, u64>)> {
        let mut taken = BTreeMap::new();
        self.vcpu.activate.ring()?;
        self.vcpu.take_interrupts(1, &mut taken)?;
        for _ in 0..ROUNDS {
            self.round(&mut taken)?;
        }
        self.exit.0.ring()?;
        Ok((self, taken))
    }

    fn round(&mut self, taken: &mut BTreeMap<&'static str, u64>) -> io::Result<()> {
        for queue in &self.vcpu.queues {
            queue.ring()?;
        }
        let rtc = self.vcpu.rtc.lock().expect("nobody panics under this lock");
        fire_in(&rtc.alarm, Duration::from_micros(500))?;
        drop(rtc);
        self.console.write_all(b"\n")?;
        self.tap.recv(&mut [0; 1514])?;
        self.tap.send(b"answer")?;
        self.vsock.read_exact(&mut [0])?;
        self.vsock.write_all(b"!")?;
        let mut answer = String::new();
        UnixStream::connect_addr(&self.api)?.read_to_string(&mut answer)?;
        assert!(answer.ends_with("fds have had events\n"), "{answer}");
        // Two each of the net, three each of the vsock and the balloon, one each of block, serial and rtc.
        self.vcpu.take_interrupts(2 + 3 + 3 + 1 + 1 + 1, taken)
    }
}

impl Vcpu {
    fn take_interrupts(
        &self,
        number: u64,
        taken: &mut BTreeMap<&'static str, u64>,
    ) -> io::Result<()> {
        for _ in 0..number {
            let line = self.interrupts.recv_timeout(DEADLINE).map_err(io::Error::other)?;
            *taken.entry(line).or_default() += 1;
        }
        Ok(())
    }
}

/// How often each fd must have had an event at the end; `None` for the timers that go on by themselves.
const EXPECTED: [(&str, &str, Option<u64>); 22] = [
    ("net", "activate", Some(1)),
    ("net", "rx queue", Some(ROUNDS)),
    ("net", "tx queue", Some(ROUNDS)),
    ("net", "rx limiter", Some(ROUNDS)),
    ("net", "tx limiter", Some(ROUNDS)),
    ("net", "tap", Some(ROUNDS)),
    ("block", "queue", Some(ROUNDS)),
    ("block", "limiter", Some(ROUNDS)),
    ("block", "completions", Some(ROUNDS)),
    ("vsock", "rx queue", Some(ROUNDS)),
    ("vsock", "tx queue", Some(ROUNDS)),
    ("vsock", "event queue", Some(ROUNDS)),
    ("vsock", "host", Some(ROUNDS)),
    ("balloon", "inflate", Some(ROUNDS)),
    ("balloon", "deflate", Some(ROUNDS)),
    ("balloon", "statistics", Some(ROUNDS)),
    ("balloon", "timer", None),
    ("serial", "input", Some(ROUNDS)),
    ("rtc", "alarm", Some(ROUNDS)),
    ("metrics", "timer", None),
    ("API", "socket", Some(ROUNDS)),
    ("exit", "doorbell", Some(1)),
];

fn plug_in(reactor: &mut Eventp<Vmm>, interrupts: Receiver<&'static str>) -> io::Result<World> {
    let mut queues = Vec::new();
    let mut queue = || {
        let queue = Doorbell::new()?;
        queues.push(queue.try_clone()?);
        io::Result::Ok(queue)
    };

    let activate = Doorbell::new()?;
    let (tap, wire) = UnixDatagram::pair()?;
    tap.set_nonblocking(true)?;
    wire.set_read_timeout(Some(DEADLINE))?;
    Net {
        activate: activate.try_clone()?,
        queues: vec![queue()?, queue()?],
        rx_limiter: timer()?,
        tx_limiter: timer()?,
        tap,
        is_active: false,
    }
    .register_into(reactor)?;

    Block { queue: queue()?, limiter: timer()?, completions: Doorbell::new()? }
        .register_into(reactor)?;

    let (host, vsock) = UnixStream::pair()?;
    vsock.set_read_timeout(Some(DEADLINE))?;
    Vsock { queues: [queue()?, queue()?, queue()?], host }.register_into(reactor)?;

    let timer_of_statistics = timer()?;
    fire_every(&timer_of_statistics, Duration::from_millis(5))?;
    Balloon {
        inflate: queue()?,
        deflate: queue()?,
        statistics: queue()?,
        timer: timer_of_statistics,
        pages: 0,
    }
    .register_into(reactor)?;

    let (input, console) = UnixStream::pair()?;
    Serial { input }.register_into(reactor)?;

    let rtc = Arc::new(Mutex::new(Rtc { alarm: timer()? }));
    Arc::clone(&rtc).register_into(reactor)?;

    let metrics = timer()?;
    fire_every(&metrics, Duration::from_millis(5))?;
    reactor.on(interest().read().with_fd(metrics), flush_metrics::handler)?;

    // A name without a file: there is nothing to remove afterwards.
    let api = SocketAddr::from_abstract_name(format!("vmm-loop-{}", std::process::id()))?;
    reactor.on(interest().read().with_fd(UnixListener::bind_addr(&api)?), answer::handler)?;

    let exit = Doorbell::new()?;
    reactor.on(doorbell().with_fd(exit.try_clone()?), |d| {
        d.state.count("exit", "doorbell");
        Flow::Stop
    })?;

    let vcpu = Vcpu { activate, queues, rtc, interrupts };
    Ok(World { vcpu, tap: wire, vsock, console, api, exit: Exit(exit) })
}

fn main() -> io::Result<()> {
    let (sender, interrupts) = channel();
    let mut vmm = Vmm { counts: BTreeMap::new(), interrupts: sender };
    let mut reactor = Eventp::<Vmm>::new()?;
    // A device that fails is removed; the machine goes on without it, and the counts will show it.
    reactor.on_error(|error, _vmm| eprintln!("vmm-loop: {error}"));
    let world = plug_in(&mut reactor, interrupts)?;
    println!("{reactor:#?}");
    let fds: usize = reactor.iter().map(|entry| entry.ports().count()).sum();
    println!("{fds} fds in {} subscribers", reactor.len());
    assert_eq!((fds, reactor.len()), (22, 9));

    let guest = thread::spawn(move || world.play());
    let (mut events, mut batches) = (0, 0);
    while !reactor.is_stopping() {
        events += reactor.run_once_with(&mut vmm, None)? as u64;
        batches += 1;
    }
    let (_world, interrupts) = guest.join().expect("the guest does not panic")?;

    for (subscriber, fd, expected) in EXPECTED {
        let count = vmm.counts.get(&(subscriber, fd)).copied().unwrap_or_default();
        println!("{subscriber:8} {fd:12} {count:5} events");
        match expected {
            Some(expected) => assert_eq!(count, expected, "{subscriber}, {fd}"),
            None => assert!(count > 0, "{subscriber}, {fd}"),
        }
    }
    println!("{events} events in {batches} batches; interrupts taken: {interrupts:?}");
    assert_eq!(events, vmm.counts.values().sum::<u64>(), "what was reported reached a handler");
    Ok(())
}
