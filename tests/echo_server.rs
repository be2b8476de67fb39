//! `examples/echo-server`, run as a process of its own and talked to over TCP.

mod support;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use support::{DEADLINE, Server, assert_same, eventually, example, pattern, reset, with_limit};

const MIB: usize = 1024 * 1024;

fn assert_echoes(mut client: &TcpStream, message: &[u8]) {
    client.write_all(message).unwrap();
    assert_hears(client, message);
}

fn assert_hears(mut client: &TcpStream, message: &[u8]) {
    let mut received = vec![0; message.len()];
    client.read_exact(&mut received).unwrap();
    assert_same(&received, message);
}

/// Connections served, bytes echoed, connections reset.
fn totals(line: &str) -> [usize; 3] {
    let words: Vec<_> = line.split([' ', ',', '\n']).filter(|it| !it.is_empty()).collect();
    let ["served", served, "connections", "echoed", echoed, "bytes", reset, "reset"] = words[..]
    else {
        panic!("not the totals: {line:?}")
    };
    [served, echoed, reset].map(|it| it.parse().unwrap())
}

#[test]
fn five_thousand_are_served_at_once_and_none_is_lost_when_a_third_resets() {
    const CLIENTS: usize = 5000;
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(limit >= CLIENTS as u64 + 200, "the hard limit of open files is too low: {limit}");
    // Started with a low soft limit: the server has to raise it.
    let server = Server::run(&mut with_limit("-Sn 256", example("echo-server").arg("127.0.0.1:0")));
    let idle = server.open_fds();

    let mut clients: Vec<TcpStream> = (0..CLIENTS).map(|_| server.connect()).collect();
    let message = |number: usize| format!("this is client {number}, {}", number * 7919);
    for (number, mut client) in clients.iter().enumerate() {
        client.write_all(message(number).as_bytes()).unwrap();
    }
    for (number, client) in clients.iter().enumerate() {
        assert_hears(client, message(number).as_bytes());
    }
    assert_eq!(server.open_fds(), idle + CLIENTS);

    let big = pattern(0, 64 * MIB);
    let stream = &clients[CLIENTS / 2];
    thread::scope(|scope| {
        scope.spawn(|| (&mut &*stream).write_all(&big).unwrap());
        assert_hears(stream, &big);
    });

    let mut stay = Vec::new();
    let mut resets = 0;
    for (number, mut client) in clients.drain(..).enumerate() {
        client.write_all(message(number).as_bytes()).unwrap();
        match number % 3 {
            0 => {
                reset(client);
                resets += 1;
            }
            _ => stay.push((number, client)),
        }
    }
    for (number, client) in &stay {
        assert_hears(client, message(*number).as_bytes());
        assert_echoes(client, message(number + 1).as_bytes());
    }
    eventually("the reset connections are closed", || server.open_fds() == idle + stay.len());

    let (status, out, err) = server.end("TERM");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
    let [served, echoed, reset] = totals(&out);
    assert_eq!((served, reset), (CLIENTS, resets));
    assert!(echoed > big.len());
}

#[test]
fn clients_wait_while_there_are_no_fds_and_are_served_when_others_go() {
    let server = Server::run(&mut with_limit("-n 64", example("echo-server").arg("127.0.0.1:0")));
    let mut served: Vec<TcpStream> = (0..100).map(|_| server.connect()).collect();
    for client in &mut served {
        client.write_all(b"hello").unwrap();
    }
    eventually("all fds are used", || server.has_used_all_below(64));

    let before = server.cpu_time();
    thread::sleep(Duration::from_millis(500));
    let used = server.cpu_time() - before;
    assert!(used < Duration::from_millis(150), "{used:?} of processor time while paused");

    // Connections are accepted in the order in which they were made.
    let waiting = served.split_off(60);
    for client in &served[..40] {
        assert_hears(client, b"hello");
    }
    let nobody = waiting.last().unwrap();
    nobody.set_nonblocking(true).unwrap();
    assert_eq!(nobody.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    nobody.set_nonblocking(false).unwrap();

    served.drain(..30).for_each(drop);
    served.drain(..20).for_each(reset);
    for client in served.iter().chain(&waiting) {
        assert_hears(client, b"hello");
    }
    let (status, out, err) = server.end("INT");
    assert_eq!(status.code(), Some(0));
    assert_eq!(totals(&out), [100, 500, 20]);
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn accepting_resumes_also_when_no_connection_of_ours_ends() {
    let server = Server::start("echo-server");
    let set_limit = |fds| {
        let pid = i32::try_from(server.pid()).unwrap();
        rlimit::prlimit(pid, rlimit::Resource::NOFILE, Some((fds, 1024)), None).unwrap();
    };
    set_limit(32);
    let clients: Vec<TcpStream> = (0..64).map(|_| server.connect()).collect();
    eventually("all fds are used", || server.has_used_all_below(32));
    set_limit(1024);
    for client in &clients {
        assert_echoes(client, b"hello");
    }
}

#[test]
fn a_half_closed_connection_is_echoed_to_its_end() {
    let server = Server::start("echo-server");
    let client = server.connect();
    let sent = pattern(0, 8 * MIB);
    let mut received = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            (&mut &client).write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        thread::sleep(Duration::from_millis(50)); // let it be stuck in the middle first
        (&mut &client).read_to_end(&mut received).unwrap();
    });
    assert_same(&received, &sent);
    let (_, out, _) = server.end("TERM");
    assert_eq!(totals(&out), [1, sent.len(), 0]);
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    let server = Server::start("echo-server");
    assert_echoes(&server.connect(), b"warm up");
    let before = server.resident_kib();

    // Small buffers here, so that it is the server that has to hold or to refuse.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket.connect(&server.address.into()).unwrap();
    let client = TcpStream::from(socket);
    client.set_read_timeout(Some(DEADLINE)).unwrap();

    let sent = pattern(0, 32 * MIB);
    let progress = Arc::new(AtomicUsize::new(0));
    let mut received = vec![0; sent.len()];
    thread::scope(|scope| {
        scope.spawn(|| -> io::Result<()> {
            for part in sent.chunks(8 * 1024) {
                (&mut &client).write_all(part)?;
                progress.fetch_add(part.len(), Ordering::Relaxed);
            }
            Ok(())
        });
        let mut last = usize::MAX;
        eventually("the client is stuck", || {
            thread::sleep(Duration::from_millis(300));
            std::mem::replace(&mut last, progress.load(Ordering::Relaxed)) == last
        });
        assert!(last < sent.len(), "the server took everything");
        let growth = server.resident_kib().saturating_sub(before);
        assert!(growth < 4096, "{growth} KiB more for a client that does not read");
        assert_echoes(&server.connect(), b"others are served meanwhile");
        (&mut &client).read_exact(&mut received).unwrap();
    });
    assert_same(&received, &sent);
}

#[test]
fn it_ends_with_the_totals_on_sigint_and_on_sigterm() {
    for signal in ["INT", "TERM"] {
        let server = Server::start("echo-server");
        let client = server.connect();
        assert_echoes(&client, b"hello");
        let (status, out, err) = server.end(signal);
        assert_eq!((status.code(), err.as_str()), (Some(0), ""));
        assert_eq!(out, "served 1 connections, echoed 5 bytes, 0 reset\n");
    }
}

#[test]
fn a_bad_address_gives_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (address, reason) in [
        (taken.as_str(), "in use"),
        ("nonsense", "expected ADDRESS:PORT"),
        ("127.0.0.1", "expected ADDRESS:PORT"),
        ("127.0.0.1:99999", "expected ADDRESS:PORT"),
        ("", "expected ADDRESS:PORT"),
    ] {
        let output = example("echo-server").arg(address).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{address}");
        assert!(output.stdout.is_empty(), "{address}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(err.contains(address) && err.contains(reason), "{err}");
    }
}
