//! A TCP proxy: each connection is one subscriber with two sockets, and who does not read slows down who writes.
//!
//! ```text
//! python3 -m http.server 8000 &
//! cargo run --release --example tcp-proxy -- 127.0.0.1:7002 127.0.0.1:8000
//! curl http://127.0.0.1:7002/        # in another terminal; Ctrl-C in the first one ends the proxy
//! ```
//!
//! Both addresses are optional (`127.0.0.1:7002` and `127.0.0.1:7000`, where `echo-server` listens); with port 0 the system chooses
//! one, and the line `listening on ..` says which.

#![forbid(unsafe_code)]

mod link;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eventp::{
    Eventp, EventpOps, Flow, Interest, Key, Pinned, Register, Signals, handler, interest,
    subscriber,
};
use socket2::{SockRef, Socket};

use crate::link::Link;

/// How long accepting is paused at most when there are no fds.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Totals {
    links: u64,
    /// Bytes from clients to the target.
    there: u64,
    /// Bytes from the target to clients.
    back: u64,
    /// Clients that the target was not there for.
    refused: u64,
    reset: u64,
    /// When to accept again; set while that is paused.
    resume_at: Option<Instant>,
    was_paused: bool,
}

impl Totals {
    fn pause_accepting(&mut self, reason: &io::Error) {
        self.resume_at = Some(Instant::now() + PAUSE);
        if !std::mem::replace(&mut self.was_paused, true) {
            eprintln!("tcp-proxy: accepting pauses until a connection ends: {reason}");
        }
    }

    /// Called before the fds are closed, which is early enough: who looks at `resume_at` does so after the batch.
    fn link_ends(&mut self) {
        self.resume_at = self.resume_at.map(|_| Instant::now());
    }
}

#[subscriber(interest = read)]
struct Acceptor {
    #[fd]
    listener: TcpListener,
    target: SocketAddr,
    /// The socket for the target of the next client. Made first: without it, the client is better left waiting.
    spare: Option<Socket>,
}

#[handler]
impl Acceptor {
    #[on(readable)]
    fn accept(
        &mut self,
        key: Key,
        totals: &mut Totals,
        mut reactor: Pinned<'_, impl EventpOps<State = Totals>>,
    ) -> io::Result<()> {
        loop {
            let Err(error) = self.accept_one(totals, &mut reactor) else { continue };
            match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                // A client that has given up while it was waiting (accept(2)).
                io::ErrorKind::ConnectionAborted => {}
                // EMFILE, ENFILE, ENOMEM: the clients keep waiting, so the listener stays readable. Without a pause the loop would spin.
                _ => {
                    totals.pause_accepting(&error);
                    return reactor.modify(key, Interest::PAUSED);
                }
            }
        }
    }

    /// An error is about accepting. Trouble with the target is the client's alone, who learns of it by the end of the connection.
    fn accept_one(
        &mut self,
        totals: &mut Totals,
        reactor: &mut Pinned<'_, impl EventpOps<State = Totals>>,
    ) -> io::Result<()> {
        let socket = match self.spare.take() {
            Some(socket) => socket,
            None => link::socket_for(self.target)?,
        };
        let spare = self.spare.insert(socket);
        let (client, _) = self.listener.accept()?;
        totals.links += 1;
        let link = link::connect(spare, self.target)
            .and_then(|()| Link::new(client, self.spare.take().expect("it is connecting").into()))
            .and_then(|link| link.register_into(reactor));
        if link.is_err() {
            self.spare = None; // it may have tried to connect, and is of no use
            totals.refused += 1;
        }
        Ok(())
    }
}

fn resolve(address: &str) -> Result<SocketAddr, String> {
    let unknown = |reason: String| format!("cannot use `{address}`: {reason}");
    let mut found = address.to_socket_addrs().map_err(|error| {
        unknown(match error.kind() {
            io::ErrorKind::InvalidInput => format!("{error}; expected ADDRESS:PORT"),
            _ => error.to_string(),
        })
    })?;
    found.next().ok_or_else(|| unknown("it has no address".into()))
}

fn listen(address: &str) -> Result<TcpListener, String> {
    let resolved = resolve(address)?;
    let bind = || {
        let listener = TcpListener::bind(resolved)?;
        listener.set_nonblocking(true)?;
        SockRef::from(&listener).listen(4096)?; // 128 unless told, which a crowd exceeds
        Ok(listener)
    };
    bind().map_err(|error: io::Error| format!("cannot listen on `{address}`: {error}"))
}

fn serve(listener: TcpListener, target: SocketAddr) -> io::Result<Totals> {
    rlimit::increase_nofile_limit(u64::MAX)?; // to the hard limit: two fds per connection
    let address = listener.local_addr()?;
    let mut totals = Totals::default();
    let mut reactor = Eventp::<Totals>::builder().capacity(1024).build()?;
    reactor.on_error(|error, totals| match error.operation() {
        "handle" => {
            totals.reset += 1;
            totals.link_ends();
        }
        _ => eprintln!("tcp-proxy: {error}"),
    });
    let acceptor = Acceptor { listener, target, spare: None }.register_into(&mut reactor)?;

    let signals = Signals::new(&[libc::SIGINT, libc::SIGTERM])?;
    reactor.on(interest().read().with_fd(signals), |_| Flow::Stop)?;

    // Not `println!`, which panics when nobody reads. Standard output is flushed at the end of each line, also into a pipe.
    let _ = writeln!(io::stdout(), "listening on {address}");
    while !reactor.is_stopping() {
        let timeout = totals.resume_at.map(|at| at.saturating_duration_since(Instant::now()));
        reactor.run_once_with(&mut totals, timeout)?;
        if totals.resume_at.is_some_and(|at| at <= Instant::now()) {
            totals.resume_at = None;
            reactor.modify(acceptor, interest().read())?;
        }
    }
    Ok(totals)
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<Totals, String> {
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7002".into());
    let target = arguments.next().unwrap_or_else(|| "127.0.0.1:7000".into());
    if let Some(argument) = arguments.next() {
        return Err(format!("unknown argument `{argument}`; expected at most LISTEN and TARGET"));
    }
    // Once: a name that is looked up for each connection would block all the others.
    let target = resolve(&target)?;
    serve(listen(&address)?, target).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(Totals { links, there, back, refused, reset, .. }) => {
            let totals = format!(
                "proxied {links} connections, {there} bytes there, {back} bytes back, {refused} refused, {reset} reset"
            );
            let _ = writeln!(io::stdout(), "{totals}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tcp-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}
