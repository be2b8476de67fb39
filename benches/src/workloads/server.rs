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
    kind: Kind::Together { make: make_echo },
};

pub const ECHO_CPU: Workload = Workload {
    name: "echo-cpu",
    about: "the same, by the time that the server runs",
    number: "connections",
    numbers: &[1, 64, 1024],
    kind: Kind::Together { make: make_echo_cpu },
};

pub const ACCEPT: Workload = Workload {
    name: "accept",
    about: "N at a time connect, send a request, and are closed",
    number: "at a time",
    numbers: &[1, 16],
    kind: Kind::Together { make: make_accept },
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
    static TALLY: Cell<Tally> = const { Cell::new(Tally::new(0, 0)) };
}

/// How many messages the server of this thread has answered, and when.
#[derive(Clone, Copy)]
struct Tally {
    messages: u64,
    /// The first so many are to warm up.
    warm: u64,
    last: u64,
    start: Duration,
    end: Duration,
}

impl Tally {
    const fn new(warm: u64, last: u64) -> Self {
        Self { messages: 0, warm, last, start: Duration::ZERO, end: Duration::ZERO }
    }
}

/// Counts a message that was answered.
#[inline]
pub fn answered() {
    let mut tally = TALLY.get();
    tally.messages += 1;
    if tally.messages == tally.warm {
        tally.start = sys::thread_time();
    } else if tally.messages == tally.last {
        tally.end = sys::thread_time();
    }
    TALLY.set(tally);
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
    fn serve(&self, turns: u64, address: SocketAddr, listener: TcpListener) -> (Run, Tally) {
        let each = turns.div_ceil(self.connections);
        let events = each * self.connections;
        let (work, connections, all_events) = if self.one_request {
            (Work::Accept { total: events }, events, events)
        } else {
            // One on each that does not count.
            (Work::Echo { messages: each }, self.connections, events + self.connections)
        };
        TALLY.set(Tally::new(all_events - events, all_events));
        let client = client::start(address, self.connections, work);
        (self.serve)(listener, Service { connections, one_request: self.one_request });
        let (tally, client) = (TALLY.get(), client::time_of(client));
        let time = if self.by_the_server { tally.end - tally.start } else { client };
        (Run { time, events, all_events }, tally)
    }
}

impl Subject for Server {
    fn run(&mut self, turns: u64) -> Run {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (run, tally) = self.serve(turns, address, listener);
        self.messages += tally.messages;
        run
    }

    fn end(self: Box<Self>) -> u64 {
        self.messages
    }
}
