//! An echo server: thousands of connections on one thread, with back-pressure.
//!
//! ```text
//! cargo run --release --example echo-server -- 127.0.0.1:7000
//! nc 127.0.0.1 7000        # in another terminal: what you type comes back; Ctrl-C in the first one ends it
//! ```
//!
//! The address is optional (`127.0.0.1:7000`); with port 0 the system chooses one, and the line `listening on ..` says which.
//! `tests.rs` tests it without epoll.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eventp::{
    Eventp, EventpOps, Flow, Interest, Key, Pinned, Register, Signals, handler, interest,
    subscriber,
};
use socket2::SockRef;

/// What one turn of a connection moves at most, so that the others do not wait long.
const CHUNK: usize = 16 * 1024;

/// How long accepting is paused at most. A connection of ours that ends resumes it at once, but the fds may as well have been taken,
/// and will be given back, by somebody else.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Server {
    served: u64,
    echoed: u64,
    reset: u64,
    /// When to accept again; set while that is paused.
    resume_at: Option<Instant>,
    was_paused: bool,
}

impl Server {
    fn pause_accepting(&mut self, reason: &io::Error) {
        self.resume_at = Some(Instant::now() + PAUSE);
        // Once: it happens again and again until somebody raises the limit, and no client is lost by it.
        if !std::mem::replace(&mut self.was_paused, true) {
            eprintln!("echo-server: accepting pauses until a connection ends: {reason}");
        }
    }

    /// Called before the fd is closed, which is early enough: who looks at `resume_at` does so after the batch.
    fn connection_ends(&mut self) {
        self.resume_at = self.resume_at.map(|_| Instant::now());
    }
}

#[subscriber(interest = read)]
struct Acceptor {
    #[fd]
    listener: TcpListener,
}

#[handler]
impl Acceptor {
    #[on(readable)]
    fn accept(
        &mut self,
        key: Key,
        server: &mut Server,
        mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
    ) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    server.served += 1;
                    // Not `?`: that would remove the acceptor, and the trouble is the connection's alone.
                    if Connection::open(stream, &mut reactor).is_err() {
                        server.reset += 1;
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    // A client that has given up while it was waiting (accept(2)).
                    io::ErrorKind::ConnectionAborted => {}
                    // EMFILE, ENFILE, ENOMEM: the clients keep waiting, so the listener stays readable. Without a pause the loop would spin.
                    _ => {
                        server.pause_accepting(&error);
                        return reactor.modify(key, Interest::PAUSED);
                    }
                },
            }
        }
    }
}

/// Either reads, or has something `unsent` and waits until it can write. Never both: a client that does not read what it is sent
/// is not read from either, so the memory it costs is bounded, and when it has said its last, all is echoed.
#[subscriber(interest = read)]
struct Connection {
    #[fd]
    stream: TcpStream,
    unsent: Vec<u8>,
}

impl Connection {
    fn open(
        stream: TcpStream,
        reactor: &mut Pinned<'_, impl EventpOps<State = Server>>,
    ) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?; // an echo is a small answer that somebody waits for
        Connection { stream, unsent: Vec::new() }.register_into(reactor)?;
        Ok(())
    }

    /// Writes until the kernel takes no more, and says how much it took.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.stream.write(&bytes[written..]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}

// The errors returned here remove the connection and go to the hook, which counts them.
#[handler]
impl Connection {
    /// A reset is found here whether we are reading or writing.
    #[on(error | hangup)]
    fn broken(&mut self) -> io::Result<()> {
        Err(self.stream.take_error()?.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into()))
    }

    #[on(readable)]
    fn echo(
        &mut self,
        key: Key,
        server: &mut Server,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        let mut chunk = [0; CHUNK];
        // One read per event: level-triggered, so what is left is reported again, after the others had their turn.
        let received = match self.stream.read(&mut chunk) {
            Ok(0) => {
                server.connection_ends();
                return Ok(Flow::Remove);
            }
            Ok(n) => &chunk[..n],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::Keep),
            Err(error) => return Err(error),
        };
        let written = self.write(received)?;
        server.echoed += written as u64;
        if written < received.len() {
            self.unsent = received[written..].to_vec();
            reactor.modify(key, interest().write())?;
        }
        Ok(Flow::Keep)
    }

    #[on(writable)]
    fn flush(
        &mut self,
        key: Key,
        server: &mut Server,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<()> {
        let mut unsent = std::mem::take(&mut self.unsent);
        let written = self.write(&unsent)?;
        server.echoed += written as u64;
        if written == unsent.len() {
            return reactor.modify(key, interest().read());
        }
        unsent.drain(..written);
        self.unsent = unsent;
        Ok(())
    }
}

fn listen(address: &str) -> Result<TcpListener, String> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        // The standard library lets 128 clients wait; when more come at once, the rest is left to retry after a second.
        SockRef::from(&listener).listen(4096)?;
        Ok(listener)
    };
    bind().map_err(|error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::InvalidInput => "; expected ADDRESS:PORT such as 127.0.0.1:7000",
            _ => "",
        };
        format!("cannot listen on `{address}`: {error}{hint}")
    })
}

fn serve(listener: TcpListener) -> io::Result<Server> {
    rlimit::increase_nofile_limit(u64::MAX)?; // to the hard limit: an fd per connection
    let address = listener.local_addr()?;
    let mut server = Server::default();
    let mut reactor = Eventp::<Server>::builder().capacity(1024).build()?;
    reactor.on_error(|error, server| match error.operation() {
        "handle" => {
            server.reset += 1;
            server.connection_ends();
        }
        _ => eprintln!("echo-server: {error}"),
    });
    let acceptor = Acceptor { listener }.register_into(&mut reactor)?;

    let signals = Signals::new(&[libc::SIGINT, libc::SIGTERM])?;
    reactor.on(interest().read().with_fd(signals), |_| Flow::Stop)?;

    // Not `println!`, which panics when nobody reads. Standard output is flushed at the end of each line, also into a pipe.
    let _ = writeln!(io::stdout(), "listening on {address}");
    while !reactor.is_stopping() {
        // `None`, for as long as it takes, unless accepting is paused.
        let timeout = server.resume_at.map(|at| at.saturating_duration_since(Instant::now()));
        reactor.run_once_with(&mut server, timeout)?;
        if server.resume_at.is_some_and(|at| at <= Instant::now()) {
            server.resume_at = None;
            reactor.modify(acceptor, interest().read())?;
        }
    }
    Ok(server)
}

fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".into());
    match listen(&address).and_then(|listener| serve(listener).map_err(|error| error.to_string())) {
        Ok(Server { served, echoed, reset, .. }) => {
            let totals =
                format!("served {served} connections, echoed {echoed} bytes, {reset} reset");
            let _ = writeln!(io::stdout(), "{totals}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("echo-server: {error}");
            ExitCode::FAILURE
        }
    }
}
