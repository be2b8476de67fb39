//! The server with mio, whose fds are edge-triggered: it accepts until there is nobody, and a read that does not fill the buffer has emptied
//! the socket, as epoll(7) has it, so there is no second read.

use std::io::{ErrorKind, Read, Write};

use ::mio::net::{TcpListener, TcpStream};
use ::mio::{Events, Interest, Poll, Token};

use crate::peers::table::Table;
use crate::workloads::server::{BUFFER, Service, answered};

const LISTENER: Token = Token(usize::MAX - 1);

struct Server<Streams> {
    poll: Poll,
    listener: TcpListener,
    streams: Streams,
    service: Service,
    /// How many have ended.
    ended: u64,
}

pub fn serve<Streams: Table<TcpStream>>(listener: std::net::TcpListener, service: Service) {
    let mut listener = TcpListener::from_std(listener);
    let poll = Poll::new().unwrap();
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).unwrap();
    let streams = Streams::default();
    let mut server = Server { poll, listener, streams, service, ended: 0 };
    let mut events = Events::with_capacity(64);
    while server.ended < service.connections {
        server.poll.poll(&mut events, None).unwrap();
        for event in &events {
            match event.token() {
                LISTENER => server.accept(),
                Token(place) => server.answer(place),
            }
        }
    }
}

impl<Streams: Table<TcpStream>> Server<Streams> {
    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let place = self.streams.insert(stream);
                    let stream = self.streams.get_mut(place).unwrap();
                    self.poll
                        .registry()
                        .register(stream, Token(place), Interest::READABLE)
                        .unwrap();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("accept: {error}"),
            }
        }
    }

    fn answer(&mut self, place: usize) {
        let Some(stream) = self.streams.get_mut(place) else { return };
        let mut buffer = [0; BUFFER];
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("read: {error}"),
            Ok(0) => {}
            Ok(read) => {
                stream.write_all(&buffer[..read]).unwrap();
                answered();
                if !self.service.one_request {
                    return;
                }
            }
        }
        self.ended += 1;
        self.streams.remove(place);
    }
}
