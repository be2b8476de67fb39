//! A client and its connection to the target: two sockets, and a pipe in each direction.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use eventp::{EventpOps, Flow, Interest, Key, Pinned, Port, handler, interest, subscriber};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::Totals;

/// What one turn of a direction moves at most, so that the others do not wait long.
const CHUNK: usize = 32 * 1024;

/// A socket that can connect without blocking.
pub(crate) fn socket_for(target: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Starts to connect. The socket is writable when that is over, one way or the other.
pub(crate) fn connect(socket: &Socket, target: SocketAddr) -> io::Result<()> {
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        connected => connected,
    }
}

/// One direction. It either reads, or has something `unsent` and waits until that can be written. Never both: who does not read what it
/// is sent has its sender not read from, so a link costs at most two chunks of memory.
#[derive(Default)]
struct Pipe {
    unsent: Vec<u8>,
    /// The sender has said its last, and the receiver was told.
    has_ended: bool,
}

impl Pipe {
    fn is_stuck(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn reads(&self) -> bool {
        !self.is_stuck() && !self.has_ended
    }

    /// Moves a chunk, and says how many bytes were written.
    fn forward(&mut self, mut from: &TcpStream, to: &TcpStream) -> io::Result<usize> {
        if !self.reads() {
            return Ok(0); // a hang-up of who is paused; what it has sent can wait
        }
        let mut chunk = [0; CHUNK];
        let received = match from.read(&mut chunk) {
            Ok(0) => {
                // Nothing is unsent, so this is the place where the receiver's end belongs.
                to.shutdown(Shutdown::Write)?;
                self.has_ended = true;
                return Ok(0);
            }
            Ok(length) => &chunk[..length],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        };
        let written = write(to, received)?;
        self.unsent = received[written..].to_vec();
        Ok(written)
    }

    /// Writes what could not be written before.
    fn flush(&mut self, to: &TcpStream) -> io::Result<usize> {
        let written = write(to, &self.unsent)?;
        if written == self.unsent.len() {
            self.unsent = Vec::new(); // the memory, too: thousands of idle links have none
        } else {
            self.unsent.drain(..written);
        }
        Ok(written)
    }
}

/// Writes until the kernel takes no more, and says how much it took.
fn write(mut to: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(length) => written += length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

/// The interest in a socket that one pipe reads from and the other writes to.
fn interest_of(reading: &Pipe, writing: &Pipe) -> Interest {
    let mut wanted = interest();
    if reading.reads() {
        wanted = wanted.read();
    }
    if writing.is_stuck() {
        wanted = wanted.write();
    }
    if wanted == interest() { Interest::PAUSED } else { wanted }
}

#[subscriber]
pub(crate) struct Link {
    /// Not read from before the target is there.
    #[fd(interest = none)]
    client: TcpStream,
    #[fd(interest = write)]
    target: TcpStream,
    is_connected: bool,
    there: Pipe,
    back: Pipe,
}

// The errors returned here remove the link and go to the hook, which counts them.
#[handler]
impl Link {
    /// A reset of one side is found here even if it is paused, and passed on to the other.
    #[on(client | target, error)]
    fn broken(&mut self, port: Port, totals: &mut Totals) -> io::Result<Flow> {
        if Link::TARGET.contains(port) && !self.is_connected {
            // Nobody there. The client is not reset but closed: it has not been promised anything.
            totals.refused += 1;
            totals.link_ends();
            return Ok(Flow::Remove);
        }
        let socket = if Link::TARGET.contains(port) { &self.target } else { &self.client };
        let error = socket.take_error()?.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into());
        Err(self.reset(error))
    }

    #[on(client, readable)]
    fn read_client(
        &mut self,
        key: Key,
        totals: &mut Totals,
        reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        let moved = self.there.forward(&self.client, &self.target);
        totals.there += self.or_reset(moved)?;
        self.settle(key, totals, reactor)
    }

    #[on(target, readable)]
    fn read_target(
        &mut self,
        key: Key,
        totals: &mut Totals,
        reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        let moved = self.back.forward(&self.target, &self.client);
        totals.back += self.or_reset(moved)?;
        self.settle(key, totals, reactor)
    }

    #[on(client, writable)]
    fn write_client(
        &mut self,
        key: Key,
        totals: &mut Totals,
        reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        let moved = self.back.flush(&self.client);
        totals.back += self.or_reset(moved)?;
        self.settle(key, totals, reactor)
    }

    /// The first time, the connection is made: had it failed, [`broken`](Link::broken) would have removed the link.
    #[on(target, writable)]
    fn write_target(
        &mut self,
        key: Key,
        totals: &mut Totals,
        reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        self.is_connected = true;
        let moved = self.there.flush(&self.target);
        totals.there += self.or_reset(moved)?;
        self.settle(key, totals, reactor)
    }
}

impl Link {
    /// `target` is still connecting.
    pub(crate) fn new(client: TcpStream, target: TcpStream) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        // The ends know when to wait for more, and have waited already.
        client.set_nodelay(true)?;
        target.set_nodelay(true)?;
        let (there, back) = Default::default();
        Ok(Self { client, target, is_connected: false, there, back })
    }

    /// After each event: asks for what is to come next, which is no system call if that is what it was.
    fn settle(
        &self,
        key: Key,
        totals: &mut Totals,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<Flow> {
        if self.there.has_ended && self.back.has_ended {
            totals.link_ends();
            return Ok(Flow::Remove);
        }
        if self.is_connected {
            reactor.modify(key.port(Link::CLIENT), interest_of(&self.there, &self.back))?;
            reactor.modify(key.port(Link::TARGET), interest_of(&self.back, &self.there))?;
        }
        Ok(Flow::Keep)
    }

    fn or_reset(&self, moved: io::Result<usize>) -> io::Result<u64> {
        moved.map(|bytes| bytes as u64).map_err(|error| self.reset(error))
    }

    /// Has the kernel send resets when the sockets are closed. Otherwise the side that is still there would take what it has received
    /// so far for all there was.
    fn reset(&self, error: io::Error) -> io::Error {
        for socket in [&self.client, &self.target] {
            // What fails here is a socket that is gone already.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
        error
    }
}
