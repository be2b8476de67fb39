//! `examples/tcp-proxy`, run as a process of its own between clients and targets of this process.

#![cfg(feature = "macros")]

mod support;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fs, mem};

use eventp::{Eventp, EventpOps, Flow, Pinned, Register, Remote, handler, subscriber};
use socket2::{Domain, SockRef, Socket, Type};
use support::{DEADLINE, Server, assert_same, eventually, example, pattern, reset, with_limit};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn proxy_to(target: SocketAddr) -> Server {
    Server::run(example("tcp-proxy").args(["127.0.0.1:0", &target.to_string()]))
}

/// A proxy, and a listener as its target.
fn proxy_and_target() -> (Server, TcpListener) {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    (proxy_to(target.local_addr().unwrap()), target)
}

fn with_timeouts(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// A client, and what the target has of it.
fn connection(proxy: &Server, target: &TcpListener) -> (TcpStream, TcpStream) {
    let client = proxy.connect();
    (client, with_timeouts(target.accept().unwrap().0))
}

/// With buffers so small that it is the proxy that has to hold what is sent, or to refuse it.
fn slow_client(proxy: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * KIB).unwrap();
    socket.set_send_buffer_size(16 * KIB).unwrap();
    socket.connect(&proxy.address.into()).unwrap();
    with_timeouts(socket.into())
}

fn slow_connection(proxy: &Server, target: &TcpListener) -> (TcpStream, TcpStream) {
    // What is accepted has the buffers of the listener.
    SockRef::from(target).set_recv_buffer_size(16 * KIB).unwrap();
    SockRef::from(target).set_send_buffer_size(16 * KIB).unwrap();
    let client = slow_client(proxy);
    (client, with_timeouts(target.accept().unwrap().0))
}

fn assert_passes(mut from: &TcpStream, mut to: &TcpStream, bytes: &[u8]) {
    let mut received = vec![0; bytes.len()];
    thread::scope(|scope| {
        scope.spawn(|| from.write_all(bytes).unwrap());
        to.read_exact(&mut received).unwrap();
    });
    assert_same(&received, bytes);
}

fn assert_ends(mut stream: &TcpStream) {
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

fn assert_is_reset(mut stream: &TcpStream) {
    let error = io::copy(&mut stream, &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Connections, bytes there, bytes back, refused, reset.
fn totals(line: &str) -> [usize; 5] {
    let words: Vec<_> = line.split([' ', ',', '\n']).filter(|it| !it.is_empty()).collect();
    let [
        "proxied",
        links,
        "connections",
        there,
        "bytes",
        "there",
        back,
        "bytes",
        "back",
        refused,
        "refused",
        reset,
        "reset",
    ] = words[..]
    else {
        panic!("not the totals: {line:?}")
    };
    [links, there, back, refused, reset].map(|it| it.parse().unwrap())
}

/// A target on a thread of its own. Who has said all gets it back with each byte inverted, so that a request is never taken for its answer.
struct Inverter {
    address: SocketAddr,
    remote: Remote,
    thread: JoinHandle<()>,
}

#[subscriber(interest = read)]
struct Door {
    #[fd]
    listener: TcpListener,
}

#[handler]
impl Door {
    #[on(readable)]
    fn open(&mut self, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        Request { stream, received: Vec::new() }.register_into(&mut reactor).map(drop)
    }
}

#[subscriber(interest = read)]
struct Request {
    #[fd]
    stream: TcpStream,
    received: Vec<u8>,
}

#[handler]
impl Request {
    #[on(readable)]
    fn receive(&mut self) -> io::Result<Flow> {
        match self.stream.read_to_end(&mut self.received) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Flow::Keep),
            Err(error) => return Err(error),
        }
        let answer: Vec<u8> = self.received.iter().map(|byte| !byte).collect();
        self.stream.write_all(&answer)?; // it fits into the empty buffer of the socket
        Ok(Flow::Remove)
    }
}

impl Inverter {
    fn start() -> Self {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            SockRef::from(&listener).listen(4096).unwrap();
            let address = listener.local_addr().unwrap();
            let mut reactor = Eventp::new().unwrap();
            Door { listener }.register_into(&mut reactor).unwrap();
            sender.send((address, reactor.remote().unwrap())).unwrap();
            reactor.run().unwrap();
        });
        let (address, remote) = receiver.recv().unwrap();
        Self { address, remote, thread }
    }

    fn end(self) {
        self.remote.stop().unwrap();
        self.thread.join().unwrap();
    }
}

#[test]
fn ten_thousand_connections_lose_no_byte() {
    const ROUNDS: usize = 4;
    const CLIENTS: usize = 2500; // at once: here each costs two fds, and in the proxy, too
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(limit >= 2 * CLIENTS as u64 + 500, "the hard limit of open files is too low: {limit}");
    let target = Inverter::start();
    // Started with a low soft limit: the proxy has to raise it.
    let target_address = target.address.to_string();
    let command =
        with_limit("-Sn 256", example("tcp-proxy").args(["127.0.0.1:0", &target_address]));
    let proxy = Server::run(&mut { command });

    let mut sum = 0;
    let mut idle = None;
    for round in 0..ROUNDS {
        let request = |number| pattern((round * CLIENTS + number) as u32, 500 + number * 3);
        let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| proxy.connect()).collect();
        for (number, mut client) in clients.iter().enumerate() {
            client.write_all(&request(number)).unwrap();
        }
        let all = idle.map_or(2 * CLIENTS, |idle| idle + 2 * CLIENTS);
        eventually("all are open at once", || proxy.open_fds() >= all);
        for client in &clients {
            client.shutdown(Shutdown::Write).unwrap();
        }
        for (number, mut client) in clients.iter().enumerate() {
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).unwrap();
            answer.iter_mut().for_each(|byte| *byte = !*byte);
            let request = request(number);
            assert_same(&answer, &request);
            sum += request.len();
        }
        eventually("all are closed", || proxy.open_fds() < 20);
        idle = Some(proxy.open_fds());
    }

    let (status, out, err) = proxy.end("TERM");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
    assert_eq!(totals(&out), [ROUNDS * CLIENTS, sum, sum, 0, 0]);
    target.end();
}

#[test]
fn a_half_close_is_passed_on_and_the_other_direction_goes_on() {
    let (proxy, target) = proxy_and_target();
    let bytes = pattern(1, 4 * MIB);
    for client_is_first in [true, false] {
        let (client, server) = connection(&proxy, &target);
        let (first, second) = if client_is_first { (&client, &server) } else { (&server, &client) };
        assert_passes(first, second, &bytes);
        first.shutdown(Shutdown::Write).unwrap();
        assert_ends(second);
        assert_passes(second, first, &bytes);
        second.shutdown(Shutdown::Write).unwrap();
        assert_ends(first);
    }
    let (_, out, err) = proxy.end("TERM");
    assert_eq!((totals(&out), err.as_str()), ([2, 2 * bytes.len(), 2 * bytes.len(), 0, 0], ""));
}

#[test]
fn what_was_sent_before_a_half_close_arrives_before_it() {
    let (proxy, target) = proxy_and_target();
    let (client, server) = slow_connection(&proxy, &target);
    let (there, back) = (pattern(1, 8 * MIB), pattern(2, 8 * MIB));
    thread::scope(|scope| {
        for (mut stream, bytes) in [(&client, &there), (&server, &back)] {
            scope.spawn(move || {
                stream.write_all(bytes).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
            });
        }
        thread::sleep(Duration::from_millis(50)); // let both be stuck in the middle first
        for (mut stream, bytes) in [(&client, &back), (&server, &there)] {
            scope.spawn(move || {
                let mut received = Vec::new();
                stream.read_to_end(&mut received).unwrap();
                assert_same(&received, bytes);
            });
        }
    });
    let (_, out, _) = proxy.end("TERM");
    assert_eq!(totals(&out), [1, there.len(), back.len(), 0, 0]);
}

/// Writes until it is stuck, has `meanwhile` done, and reads what was written.
fn assert_waits(mut from: &TcpStream, mut to: &TcpStream, meanwhile: impl FnOnce()) {
    // Else the kernel lets their buffers grow, up to tens of megabytes by themselves (`tcp_rmem` in `tcp(7)`).
    socket2::SockRef::from(from).set_send_buffer_size(64 * KIB).unwrap();
    socket2::SockRef::from(to).set_recv_buffer_size(64 * KIB).unwrap();
    let sent = pattern(1, 32 * MIB);
    let progress = AtomicUsize::new(0);
    let mut received = vec![0; sent.len()];
    thread::scope(|scope| {
        scope.spawn(|| {
            for part in sent.chunks(8 * KIB) {
                from.write_all(part).unwrap();
                progress.fetch_add(part.len(), Ordering::Relaxed);
            }
        });
        let mut last = usize::MAX;
        eventually("the sender is stuck", || {
            thread::sleep(Duration::from_millis(300));
            mem::replace(&mut last, progress.load(Ordering::Relaxed)) == last
        });
        assert!(last < sent.len(), "the proxy took everything");
        meanwhile();
        to.read_exact(&mut received).unwrap();
    });
    assert_same(&received, &sent);
}

#[test]
fn a_slow_reader_on_either_side_is_waited_for_in_bounded_memory() {
    let (proxy, target) = proxy_and_target();
    let (client, server) = connection(&proxy, &target);
    assert_passes(&client, &server, b"warm up");
    let before = proxy.resident_kib();

    let (client, server) = slow_connection(&proxy, &target);
    for (from, to) in [(&client, &server), (&server, &client)] {
        assert_waits(from, to, || {
            let growth = proxy.resident_kib().saturating_sub(before);
            assert!(growth < 2048, "{growth} KiB more for one who does not read");
            assert_passes(to, from, b"the other direction is not held up");
            let (other, server) = connection(&proxy, &target);
            assert_passes(&other, &server, b"nor are others");
            assert_passes(&server, &other, b"nor are others");
        });
    }
}

/// How many bytes this stream's peer has in its kernel and does not read: `rx_queue` of `/proc/net/tcp`.
fn unread_by_peer(stream: &TcpStream) -> usize {
    let port = |address: SocketAddr| format!(":{:04X}", address.port());
    let (local, peer) = (port(stream.local_addr().unwrap()), port(stream.peer_addr().unwrap()));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let found = table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields[1].ends_with(&peer) && fields[2].ends_with(&local);
        is_it.then(|| usize::from_str_radix(fields[4].split_once(':').unwrap().1, 16).unwrap())
    });
    found.unwrap()
}

#[test]
fn one_who_has_closed_while_the_other_does_not_read_costs_no_processor_time() {
    let (proxy, target) = proxy_and_target();
    let client = slow_client(&proxy);
    let mut server = with_timeouts(target.accept().unwrap().0);
    client.shutdown(Shutdown::Write).unwrap();
    assert_ends(&server);

    // So much that the proxy does not read on, but not more, so that the end behind it comes through to the proxy's kernel.
    let part = pattern(1, 64 * KIB);
    let mut sent = Vec::new();
    let is_stuck = |server: &TcpStream| {
        (0..10).all(|_| {
            thread::sleep(Duration::from_millis(10));
            unread_by_peer(server) > 0
        })
    };
    while !is_stuck(&server) {
        server.write_all(&part).unwrap();
        sent.extend_from_slice(&part);
    }
    // Both directions of the target's socket have ended now, which the kernel reports as a hang-up, whether it is asked for or not.
    server.shutdown(Shutdown::Write).unwrap();
    eventually("the proxy's kernel has the end", || server.peer_addr().is_err());

    let before = proxy.cpu_time();
    thread::sleep(Duration::from_millis(600));
    let used = proxy.cpu_time() - before;
    assert!(used < Duration::from_millis(150), "{used:?} of processor time for nothing");

    let mut received = Vec::new();
    (&client).read_to_end(&mut received).unwrap();
    assert_same(&received, &sent);
    let (_, out, _) = proxy.end("TERM");
    assert_eq!(totals(&out), [1, 0, sent.len(), 0, 0]);
}

#[test]
fn a_client_is_closed_when_the_target_refuses() {
    // Bound, so that nobody else gets the port, but not listening.
    let nobody = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    nobody.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    let proxy = proxy_to(nobody.local_addr().unwrap().as_socket().unwrap());
    let clients: Vec<TcpStream> = (0..50).map(|_| proxy.connect()).collect();
    clients.iter().for_each(assert_ends);
    nobody.listen(1).unwrap();
    let client = proxy.connect();
    let (server, _) = nobody.accept().unwrap();
    assert_passes(&client, &with_timeouts(server.into()), b"now there is somebody");
    let (status, out, err) = proxy.end("TERM");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
    assert_eq!(totals(&out), [51, 21, 0, 50, 0]);
}

#[test]
fn a_reset_of_one_side_resets_the_other() {
    let (proxy, target) = proxy_and_target();
    for from_client in [true, false] {
        for is_stuck in [false, true] {
            let (client, server) = slow_connection(&proxy, &target);
            assert_passes(&client, &server, b"in the middle");
            let (gone, mut left) = if from_client { (client, server) } else { (server, client) };
            if is_stuck {
                // So the proxy has paused the one, and waits for the other to read.
                left.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
                gone.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
                for mut stream in [&left, &gone] {
                    while stream.write(&[7; 8 * KIB]).is_ok() {}
                }
            } else {
                left.write_all(b"and further").unwrap();
            }
            reset(gone);
            assert_is_reset(&left);
        }
    }
    eventually("all are closed", || proxy.open_fds() < 20);
    let (_, out, err) = proxy.end("TERM");
    let [links, _, _, refused, reset] = totals(&out);
    assert_eq!(([links, refused, reset], err.as_str()), ([4, 0, 4], ""));
}

#[test]
fn clients_wait_while_there_are_no_fds_and_are_served_when_others_go() {
    let target = Server::start("echo-server");
    let address = target.address.to_string();
    let command = with_limit("-n 64", example("tcp-proxy").args(["127.0.0.1:0", &address]));
    let proxy = Server::run(&mut { command });
    let mut served: Vec<TcpStream> = (0..60).map(|_| proxy.connect()).collect();
    for client in &mut served {
        client.write_all(b"hello").unwrap();
    }
    eventually("all fds are used", || proxy.has_used_all_below(64));

    let before = proxy.cpu_time();
    thread::sleep(Duration::from_millis(500));
    let used = proxy.cpu_time() - before;
    assert!(used < Duration::from_millis(150), "{used:?} of processor time while paused");

    for mut client in served.drain(..) {
        let mut received = [0; 5];
        client.read_exact(&mut received).unwrap(); // those who come later are served because this one ends
        assert_eq!(&received, b"hello");
    }
    let (status, out, err) = proxy.end("INT");
    assert_eq!(status.code(), Some(0));
    assert_eq!(totals(&out)[..4], [60, 300, 300, 0]);
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn it_ends_with_the_totals_on_sigint_and_on_sigterm() {
    for signal in ["INT", "TERM"] {
        let (proxy, target) = proxy_and_target();
        let (client, server) = connection(&proxy, &target);
        assert_passes(&client, &server, b"hello");
        let (status, out, err) = proxy.end(signal);
        assert_eq!((status.code(), err.as_str()), (Some(0), ""));
        assert_eq!(out, "proxied 1 connections, 5 bytes there, 0 bytes back, 0 refused, 0 reset\n");
    }
}

#[test]
fn bad_arguments_give_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, culprit, reason) in [
        (&[taken.as_str()][..], taken.as_str(), "in use"),
        (&["nonsense"], "nonsense", "expected ADDRESS:PORT"),
        (&["127.0.0.1:0", "127.0.0.1"], "`127.0.0.1`", "expected ADDRESS:PORT"),
        (&["127.0.0.1:0", "127.0.0.1:99999"], "127.0.0.1:99999", "expected ADDRESS:PORT"),
        (&["127.0.0.1:0", ""], "``", "expected ADDRESS:PORT"),
        (&["127.0.0.1:0", "127.0.0.1:1", "more"], "more", "unknown argument"),
    ] {
        let output = example("tcp-proxy").args(arguments).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(err.contains(culprit) && err.contains(reason), "{err}");
    }
}
