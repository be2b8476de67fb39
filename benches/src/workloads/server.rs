//! `echo`: a server has so many connections over the loopback, each with a client that sends 64 bytes and waits for them to come back.
//! `accept`: so many clients at a time connect, send a request, take the answer, and connect again; the server closes.
//!
//! The client is another process and measures, by the clock: what one sees from outside. All servers read and write as often as each other.
//! Callbacks by hand, ours, mio and tokio take part: those in which one writes such servers.

use std::net::{SocketAddr, TcpListener};

use super::{Kind, Run, Subject, Workload};
use crate::client::{self, Work};
use crate::peers::table::{ByHash, ByIndex};
use crate::peers::{Name, mio, ours, raw, tokio};

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

/// What a server did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    pub connections: u64,
    pub messages: u64,
}

impl Served {
    /// One connection more, with so many messages.
    pub fn add(&mut self, messages: u64) {
        self.connections += 1;
        self.messages += messages;
    }
}

type Serve = fn(TcpListener, Service) -> Served;

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
    let (serve, connections) = (server(peer)?, connections as u64);
    Some(Box::new(Server { serve, connections, one_request: false, messages: 0 }))
}

fn make_accept(connections: usize, peer: Name) -> Option<Box<dyn Subject>> {
    let (serve, connections) = (server(peer)?, connections as u64);
    Some(Box::new(Server { serve, connections, one_request: true, messages: 0 }))
}

struct Server {
    serve: Serve,
    connections: u64,
    one_request: bool,
    messages: u64,
}

impl Server {
    /// A turn is a message, or a connection with a request. There is at least one for each connection.
    fn serve(&self, events: u64, address: SocketAddr, listener: TcpListener) -> (Run, Served) {
        let each = (events / self.connections).max(1);
        let events = each * self.connections;
        let (work, service, all_events) = if self.one_request {
            let service = Service { connections: events, one_request: true };
            (Work::Accept { total: events }, service, events)
        } else {
            let service = Service { connections: self.connections, one_request: false };
            (Work::Echo { messages: each }, service, events + self.connections)
        };
        let client = client::start(address, self.connections, work);
        let served = (self.serve)(listener, service);
        assert_eq!(served.connections, service.connections, "every connection was handled");
        (Run { time: client::time_of(client), events, all_events }, served)
    }
}

impl Subject for Server {
    fn run(&mut self, turns: u64) -> Run {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (run, served) = self.serve(turns, address, listener);
        self.messages += served.messages;
        run
    }

    fn end(self: Box<Self>) -> u64 {
        self.messages
    }
}
