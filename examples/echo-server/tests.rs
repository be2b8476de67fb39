//! The server without epoll: its subscribers in a test reactor, which says when what is ready.

use std::net::SocketAddr;

use eventp::{Interest, MockEventp, Operation, event};

use super::*;

/// A server with its acceptor, and where it listens.
struct Fixture {
    reactor: MockEventp<Server>,
    server: Server,
    acceptor: Key,
    address: SocketAddr,
}

impl Fixture {
    fn new() -> Self {
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut reactor = MockEventp::new();
        let acceptor = Acceptor { listener }.register_into(&mut reactor).unwrap().key();
        reactor.take_operations();
        Self { reactor, server: Server::default(), acceptor, address }
    }

    fn fire(&mut self, key: Key, event: eventp::Event) -> io::Result<usize> {
        self.reactor.fire_with(&mut self.server, key, event)
    }

    /// A client, and the connection that the server has with it, if it took one.
    fn connect(&mut self) -> (TcpStream, Option<Key>) {
        let client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // Connected is not waiting to be accepted: the loopback is fast, not instant.
        while self.reactor.operations().is_empty() {
            self.fire(self.acceptor, event().readable()).unwrap();
        }
        let added = self.reactor.take_operations();
        (client, added.last().and_then(Operation::key))
    }
}

/// The interests that were asked for, in order.
fn modified(operations: &[Operation]) -> Vec<Interest> {
    let interest_of = |it: &Operation| match *it {
        Operation::Modify { interest, .. } => Some(interest),
        _ => None,
    };
    operations.iter().filter_map(interest_of).collect()
}

#[test]
fn what_comes_in_goes_out() {
    let mut it = Fixture::new();
    let (mut client, connection) = it.connect();
    let connection = connection.unwrap();
    client.write_all(b"hello").unwrap();
    // Nor is sent arrived.
    while it.server.echoed < 5 {
        it.fire(connection, event().readable()).unwrap();
    }
    let mut answer = [0; 5];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello");
    assert!(it.reactor.operations().is_empty(), "no interest changed");

    drop(client);
    while it.reactor.contains(connection) {
        it.fire(connection, event().readable().read_closed()).unwrap();
    }
    assert_eq!((it.server.served, it.server.echoed, it.server.reset), (1, 5, 0));
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_either() {
    let mut it = Fixture::new();
    let (mut client, connection) = it.connect();
    let connection = connection.unwrap();
    client.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while modified(it.reactor.operations()).is_empty() {
        sent += client.write(&[7; CHUNK]).unwrap_or(0);
        it.fire(connection, event().readable()).unwrap();
    }
    assert_eq!(modified(&it.reactor.take_operations()), [interest().write()]);
    assert_eq!(it.fire(connection, event().readable()).unwrap(), 0, "it does not ask for that");

    client.set_nonblocking(false).unwrap();
    let (mut received, mut buffer) = (0, vec![0; CHUNK]);
    while modified(it.reactor.operations()).is_empty() {
        received += client.read(&mut buffer).unwrap();
        it.fire(connection, event().writable()).unwrap();
    }
    assert_eq!(modified(it.reactor.operations()), [interest().read()]);
    while received < sent {
        it.fire(connection, event().readable().writable()).unwrap();
        received += client.read(&mut buffer).unwrap();
    }
    assert_eq!(it.server.echoed, sent as u64);
}

#[test]
fn a_connection_that_cannot_be_watched_is_closed_and_the_next_one_served() {
    let mut it = Fixture::new();
    it.reactor.fail_next(io::ErrorKind::StorageFull.into());
    let (mut refused, connection) = it.connect();
    assert_eq!(connection, None);
    assert_eq!(refused.read(&mut [0]).unwrap(), 0);
    assert_eq!((it.server.served, it.server.reset), (1, 1));
    assert!(it.connect().1.is_some());
}

#[test]
fn a_hang_up_ends_the_connection_with_the_error_of_its_socket() {
    let mut it = Fixture::new();
    let (_client, connection) = it.connect();
    let connection = connection.unwrap();
    let error = it.fire(connection, event().readable().hangup()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(!it.reactor.contains(connection));
    assert!(it.reactor.contains(it.acceptor));
}

#[test]
fn a_pause_ends_at_once_when_a_connection_does() {
    let mut server = Server::default();
    server.pause_accepting(&io::ErrorKind::QuotaExceeded.into());
    assert!(server.resume_at.unwrap() > Instant::now());
    server.connection_ends();
    assert!(server.resume_at.unwrap() <= Instant::now());
}
