//! One state, spelled in two ways.
#![deny(warnings)]

use eventp::{Event, Key, handler, subscriber};

struct Server {
    hits: u32,
}

type Alias = Server;

#[subscriber(interest = read | write)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self, server: &mut Server) {
        server.hits += 1;
    }

    #[on(writable)]
    fn write(&mut self, _event: Event, server: &mut Alias, _key: Key) {
        server.hits += 1;
    }

    #[on(hangup)]
    fn gone(&mut self, server: &mut crate::Server) {
        server.hits += 1;
        let _ = &self.file;
    }
}

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut server = Server { hits: 0 };
    let mut reactor = eventp::Eventp::<Server>::new().unwrap();
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(stream));
    reactor.add(Log { file }).unwrap();
    reactor.run_once_with(&mut server, None).unwrap();
    assert_eq!(server.hits, 1);
}
