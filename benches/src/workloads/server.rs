//! `echo`: a server has so many connections over the loopback, each with a client that sends 64 bytes and waits for them to come back.
//! `accept`: so many clients at a time connect, send a request, take the answer, and connect again; the server closes.
//!
//! The client is another process and measures, by the clock: what one sees from outside. `echo-cpu` is the same as `echo`, measured by the time that
//! the server's thread runs: what a message costs the server, however the scheduler treats the two. All servers read and write as often as
//! each other. Those take part in which one writes such servers: raw, ours, mio and tokio.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::{Kind, Run, Subject, Workload};
use crate::client::{self, Work};
use crate::peers::table::{ByHash, ByIndex};
use crate::peers::{Name, mio, ours, raw, tokio};
use crate::sys;

/// How long a message is.
pub const MESSAGE: usize = 64;
/// What servers read into: a message does not fill it.
pub const BUFFER: usize = 2 * MESSAGE;

pub const ECHO: Workload = Workload {
    name: "echo",
    about: "N connections, each with a message under way",
    number: "connections",
    numbers: &[1, 64, 1024],
    kind: Kind::Together { make: make_echo, counts: false },
};

pub const ECHO_CPU: Workload = Workload {
    name: "echo-cpu",
    about: "the same, by the time that the server runs",
    number: "connections",
    numbers: &[1, 64, 1024],
    kind: Kind::Together { make: make_echo_cpu, counts: true },
};

pub const ACCEPT: Workload = Workload {
    name: "accept",
    about: "N at a time connect, send a request, and are closed",
    number: "at a time",
    numbers: &[1, 16],
    kind: Kind::Together { make: make_accept, counts: false },
};

/// What a server does.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// It ends when so many connections have ended.
    pub connections: u64,
    /// Whether the first answer on a connection is the last.
    pub one_request: bool,
}

thread_local! {
    /// How many messages the server of this thread has answered.
    static MESSAGES: Cell<u64> = const { Cell::new(0) };
    /// When that many have been, the time is taken.
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static TIMES: Cell<Times> = const { Cell::new(Times::new(0)) };
}

/// When the server of this thread had answered the first so many messages, which are to warm up, and when all.
#[derive(Clone, Copy)]
struct Times {
    last: u64,
    start: Duration,
    end: Duration,
}

impl Times {
    const fn new(last: u64) -> Self {
        Self { last, start: Duration::ZERO, end: Duration::ZERO }
    }
}

fn expect(warm: u64, all: u64) {
    MESSAGES.set(0);
    NEXT.set(warm);
    TIMES.set(Times::new(all));
    if warm == 0 {
        take_time(0);
    }
}

/// Counts a message that was answered.
#[inline]
pub fn answered() {
    let messages = MESSAGES.get() + 1;
    MESSAGES.set(messages);
    if messages == NEXT.get() {
        take_time(messages);
    }
}

#[cold]
fn take_time(messages: u64) {
    let (mut times, now) = (TIMES.get(), sys::thread_time());
    if messages == times.last {
        times.end = now;
    } else {
        times.start = now;
        NEXT.set(times.last);
    }
    TIMES.set(times);
}

type Serve = fn(TcpListener, Service);

fn server(peer: Name) -> Option<Serve> {
    Some(match peer {
        Name::Raw => raw::server::serve,
        Name::Ours => ours::server::serve,
        Name::MioVec => mio::server::serve::<ByIndex<_>>,
        Name::MioMap => mio::server::serve::<ByHash<_>>,
        Name::Tokio => tokio::serve,
        Name::Eventp1 | Name::EventManager | Name::Polling | Name::Calloop => return None,
    })
}

fn make_echo(connections: usize, peer: Name) -> Option<Box<dyn Subject>> {
    make(connections, peer, false, false)
}

fn make_echo_cpu(connections: usize, peer: Name) -> Option<Box<dyn Subject>> {
    make(connections, peer, false, true)
}

fn make_accept(connections: usize, peer: Name) -> Option<Box<dyn Subject>> {
    make(connections, peer, true, false)
}

fn make(
    connections: usize,
    peer: Name,
    one_request: bool,
    by_the_server: bool,
) -> Option<Box<dyn Subject>> {
    let (serve, connections) = (server(peer)?, connections as u64);
    Some(Box::new(Server { serve, connections, one_request, by_the_server, messages: 0 }))
}

struct Server {
    serve: Serve,
    connections: u64,
    one_request: bool,
    /// Whether the time is that of the server's thread, and not the client's.
    by_the_server: bool,
    messages: u64,
}

impl Server {
    /// A turn is a message, or a connection with a request. There is at least one for each connection.
    fn serve(&self, turns: u64, address: SocketAddr, listener: TcpListener) -> Run {
        let each = turns.div_ceil(self.connections);
        let events = each * self.connections;
        let (work, connections, all_events) = if self.one_request {
            (Work::Accept { total: events }, events, events)
        } else {
            // One on each that does not count.
            (Work::Echo { messages: each }, self.connections, events + self.connections)
        };
        expect(all_events - events, all_events);
        let client = client::start(address, self.connections, work);
        // Behind the start of the client, which is to have the last one.
        let stay = sys::Stay::on_first();
        (self.serve)(listener, Service { connections, one_request: self.one_request });
        drop(stay);
        let (times, client) = (TIMES.get(), client::time_of(client));
        let time = if self.by_the_server { times.end - times.start } else { client };
        Run { time, events, all_events }
    }
}

impl Subject for Server {
    fn run(&mut self, turns: u64) -> Run {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let run = self.serve(turns, address, listener);
        self.messages += MESSAGES.get();
        run
    }

    fn end(self: Box<Self>) -> u64 {
        self.messages
    }
}
