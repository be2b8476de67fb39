//! Our server. Connections are edge-triggered, and a read that does not fill the buffer has emptied the socket, as epoll(7) has it, so there is no
//! second read.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use eventp::{Eventp, EventpOps, Flow, Pinned, Register, handler, subscriber};

use crate::workloads::server::{BUFFER, Service, answered};

struct Server {
    service: Service,
    /// How many have ended.
    ended: u64,
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
        _server: &mut Server,
        mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
    ) -> io::Result<()> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        Connection { stream }.register_into(&mut reactor).map(drop)
    }
}

#[subscriber(interest = read | edge_triggered)]
struct Connection {
    #[fd]
    stream: TcpStream,
}

#[handler]
impl Connection {
    #[on(readable)]
    fn answer(
        &mut self,
        server: &mut Server,
        mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
    ) -> io::Result<Flow> {
        let mut buffer = [0; BUFFER];
        let read = self.stream.read(&mut buffer)?;
        if read > 0 {
            self.stream.write_all(&buffer[..read])?;
            answered();
            if !server.service.one_request {
                return Ok(Flow::Keep);
            }
        }
        server.ended += 1;
        if server.ended == server.service.connections {
            reactor.stop();
        }
        Ok(Flow::Remove)
    }
}

pub fn serve(listener: TcpListener, service: Service) {
    let mut server = Server { service, ended: 0 };
    let mut reactor = Eventp::<Server>::new().unwrap();
    Acceptor { listener }.register_into(&mut reactor).unwrap();
    reactor.run_with(&mut server).unwrap();
}
