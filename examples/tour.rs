//! A tour: one reactor, three subscribers, and a visitor on another thread who asks for one thing after the other.
//!
//! ```text
//! cargo run --example tour
//! ```

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use eventp::{
    Eventp, EventpOps, Flow, Handle, Key, Pinned, Register, Remote, handler, interest, subscriber,
};

/// The state: lent to the run call, and by it to every handler that asks.
struct Tour {
    requests: u32,
    lamp: Handle<Lamp>,
}

/// Does what the visitor asks for, and says when it is done.
#[subscriber(interest = read)]
struct Guide {
    #[fd]
    visitor: UnixDatagram,
}

#[handler]
impl Guide {
    #[on(readable)]
    fn guide(
        &mut self,
        tour: &mut Tour,
        mut reactor: Pinned<'_, impl EventpOps<State = Tour>>,
    ) -> io::Result<()> {
        let mut request = [0; 16];
        let length = self.visitor.recv(&mut request)?;
        tour.requests += 1;
        match &request[..length] {
            b"state" => println!("state:  the handler counts in it: request {}", tour.requests),
            b"handle" => {
                let lamp = reactor.get_mut(tour.lamp)?;
                lamp.is_on = true;
                println!("handle: the guide reaches the lamp through it, and switches it on");
            }
            b"modify" => {
                println!("modify: the lamp waits for nothing; now it waits until it can write");
                reactor.modify(tour.lamp, interest().write())?;
            }
            b"delete" => {
                println!("delete: the guide deletes the lamp ..");
                reactor.delete(tour.lamp)?;
                let error = reactor.get_mut(tour.lamp).map(drop).unwrap_err();
                println!("delete: .. and its handle is stale: {:?}", error.kind());
            }
            _ => {}
        }
        self.visitor.send(b"done").map(drop)
    }
}

/// Signals to the visitor, once it is on and allowed to.
#[subscriber(interest = none)]
struct Lamp {
    #[fd]
    signal: UnixStream,
    is_on: bool,
}

#[handler]
impl Lamp {
    #[on(writable)]
    fn shine(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        println!("modify: the lamp can write, and is {}", if self.is_on { "on" } else { "off" });
        self.signal.write_all(b"*")?;
        reactor.modify(key, interest()) // or this handler would be called again and again
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        // Not `println!`, which panics when nobody reads: no destructor should.
        let _ = writeln!(io::stdout(), "delete: .. its destructor runs at once ..");
    }
}

/// A function with an fd makes a subscriber, too.
#[handler]
fn stumble(stone: &mut UnixStream) -> io::Result<Flow> {
    stone.read_exact(&mut [0])?;
    Err(io::Error::other("there is a stone in the way"))
}

/// The other thread. It has one end of each pair of sockets, and no access to the reactor but for the [`Remote`].
fn visit(
    guide: UnixDatagram,
    mut lamp: UnixStream,
    mut stone: UnixStream,
    remote: Remote<Tour>,
) -> io::Result<()> {
    let ask = |request: &str| {
        guide.send(request.as_bytes())?;
        guide.recv(&mut [0; 16])
    };
    ask("state")?;
    ask("state")?;
    ask("handle")?;
    ask("modify")?;
    lamp.read_exact(&mut [0])?;
    ask("delete")?;
    stone.write_all(b"!")?;
    // The end: the subscriber is removed, and its fd is closed with it.
    assert_eq!(stone.read(&mut [0])?, 0);
    remote.stop()
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<Tour>::new()?;
    reactor.on_error(|error, tour| {
        println!("error:  the hook hears of it: {}", error.io_error());
        println!("error:  only this subscriber is removed; the state: {} requests", tour.requests);
    });

    let (guide, visitor) = UnixDatagram::pair()?;
    Guide { visitor }.register_into(&mut reactor)?;
    let (lamp, signal) = UnixStream::pair()?;
    let handle = Lamp { signal, is_on: false }.register_into(&mut reactor)?;
    let (stone, foot) = UnixStream::pair()?;
    reactor.on(interest().read().with_fd(foot), stumble::handler)?;

    let remote = reactor.remote()?;
    let visitor = thread::spawn(move || visit(guide, lamp, stone, remote));

    let mut tour = Tour { requests: 0, lamp: handle };
    reactor.run_with(&mut tour)?;
    println!("stop:   by the other thread; {} requests are answered", tour.requests);
    visitor.join().expect("the visitor does not panic")
}
