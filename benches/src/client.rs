//! The client of `echo` and `accept`, in a process of its own: this same program, run as `eventp-bench client ..`.
//!
//! It is one loop by hand, the same for all servers. Out goes one number: how many nanoseconds passed from the first message to the
//! last answer, of those that count.

use std::env;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::sys::{self, Epoll};
use crate::workloads::server::MESSAGE;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Has the client be that program: for tests, which are not it.
pub fn set_program(path: impl Into<PathBuf>) {
    let _ = PROGRAM.set(path.into());
}

/// Starts a client that has `connections` at a time. With `messages` for each connection, they stay; without, each does one request, `total`
/// of them.
pub fn start(server: SocketAddr, connections: u64, work: Work) -> Child {
    let program = PROGRAM.get_or_init(|| env::current_exe().unwrap());
    let (what, number) = match work {
        Work::Echo { messages } => ("echo", messages),
        Work::Accept { total } => ("accept", total),
    };
    Command::new(program)
        .args(["client", what, &server.to_string(), &connections.to_string(), &number.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// So many messages on each connection, and one before that does not count.
    Echo { messages: u64 },
    /// So many connections with one request each.
    Accept { total: u64 },
}

/// What the client said in the end.
pub fn time_of(client: Child) -> Duration {
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "the client failed");
    Duration::from_nanos(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap())
}

/// The program: `client WHAT SERVER CONNECTIONS NUMBER`.
pub fn main(arguments: &[String]) {
    let [what, server, connections, number] = arguments else { panic!("four arguments") };
    let (server, number) = (server.parse().unwrap(), number.parse().unwrap());
    let connections: usize = connections.parse().unwrap();
    let _stay = sys::Stay::on_last();
    let time = match what.as_str() {
        "echo" => echo(server, connections, number),
        "accept" => accept(server, connections, number),
        other => panic!("unknown work {other}"),
    };
    println!("{}", time.as_nanos());
}

/// A connection and how many answers are still to come.
struct Connection {
    stream: TcpStream,
    rest: u64,
}

fn connect(server: SocketAddr, epoll: &Epoll, place: usize) -> Connection {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_nonblocking(true).unwrap();
    epoll.add(&stream, libc::EPOLLIN, place as u64);
    Connection { stream, rest: 0 }
}

/// Sends to those from `first` on, and again with each answer, until each has had so many.
fn exchange(
    epoll: &Epoll,
    connections: &mut [Connection],
    first: usize,
    messages: u64,
) -> Duration {
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; 1024];
    let mut busy = connections.len() - first;
    let start = Instant::now();
    for connection in &mut connections[first..] {
        connection.rest = messages;
        sys::send(connection.stream.as_fd(), &[1; MESSAGE]);
    }
    while busy > 0 {
        let ready = epoll.wait(&mut events);
        for event in &events[..ready] {
            let connection = &mut connections[event.u64 as usize];
            let mut answer = [0; MESSAGE];
            let read = sys::receive(connection.stream.as_fd(), &mut answer);
            assert!(read == Some(MESSAGE), "an answer comes in one piece: {read:?}");
            connection.rest -= 1;
            match connection.rest {
                0 => busy -= 1,
                _ => sys::send(connection.stream.as_fd(), &answer),
            }
        }
    }
    start.elapsed()
}

fn echo(server: SocketAddr, connections: usize, messages: u64) -> Duration {
    let epoll = Epoll::new();
    let mut open = Vec::new();
    // Some at a time, and each gets its answer: the backlog of the listener has room for them.
    while open.len() < connections {
        let first = open.len();
        let next = connections.min(first + 64);
        open.extend((first..next).map(|place| connect(server, &epoll, place)));
        exchange(&epoll, &mut open, first, 1);
    }
    exchange(&epoll, &mut open, 0, messages)
}

/// Connects, sends, takes the answer and the end, and connects again.
fn accept(server: SocketAddr, connections: usize, total: u64) -> Duration {
    let epoll = Epoll::new();
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; connections];
    let start = Instant::now();
    let request = |place| {
        let connection = connect(server, &epoll, place);
        sys::send(connection.stream.as_fd(), &[1; MESSAGE]);
        connection
    };
    let mut open: Vec<_> = (0..connections).map(request).collect();
    let (mut begun, mut ended) = (connections as u64, 0);
    while ended < total {
        let ready = epoll.wait(&mut events);
        for event in &events[..ready] {
            let place = event.u64 as usize;
            let mut answer = [0; 2 * MESSAGE];
            match sys::receive(open[place].stream.as_fd(), &mut answer) {
                Some(0) => {
                    assert!(open[place].rest == MESSAGE as u64, "the answer came before the end");
                    ended += 1;
                    if begun < total {
                        begun += 1;
                        open[place] = request(place);
                    } else {
                        epoll.delete(&open[place].stream);
                    }
                }
                Some(read) => open[place].rest += read as u64,
                None => {}
            }
        }
    }
    start.elapsed()
}
