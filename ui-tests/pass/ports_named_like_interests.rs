//! Fields that are named like flags of an interest, or nearly like an event.
#![deny(warnings)]
#![forbid(non_camel_case_types)]
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Flow, Port, Register, handler, subscriber};

#[subscriber]
struct Pipe {
    #[fd(interest = read)]
    read: UnixStream,
    #[fd(interest = write)]
    write: UnixStream,
}

#[handler]
impl Pipe {
    #[on(read)]
    fn fill(&mut self, seen: &mut Vec<&'static str>) -> io::Result<()> {
        self.read.read_exact(&mut [0])?;
        seen.push("read");
        Ok(())
    }

    #[on(write)]
    fn flush(&mut self, seen: &mut Vec<&'static str>) -> Flow {
        seen.push("write");
        Flow::Remove
    }
}

#[subscriber]
struct Generic<T: AsFd> {
    #[fd(interest = read)]
    reader: T,
    #[fd(interest = none, group = late)]
    edge_triggered: Vec<T>,
    #[fd(interest = none, group = late)]
    doorbell: Option<T>,
    #[fd(interest = none)]
    r#none: T,
}

#[handler]
impl<T> Generic<T>
where
    T: AsFd,
 {
    #[on(reader)]
    fn reader(&mut self, seen: &mut Vec<&'static str>) -> Flow {
        seen.push("reader");
        Flow::Remove
    }

    #[on(edge_triggered | doorbell | none)]
    fn others(&mut self, _port: Port) {}
}

#[subscriber]
struct Queue {
    #[fd(interest = write)]
    out: [UnixStream; 1],
}

#[handler]
impl Queue {
    #[on(out)]
    fn out(&mut self, seen: &mut Vec<&'static str>) -> Flow {
        seen.push("out");
        Flow::Remove
    }

    #[on(hangup)]
    fn end(&mut self) -> Flow {
        Flow::Remove
    }
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::new()?;
    let mut seen = Vec::new();
    let (read, mut peer) = UnixStream::pair()?;
    peer.write_all(b"x")?;
    let write = UnixStream::pair()?;
    Pipe { read, write: write.0 }.register_into(&mut reactor)?;
    let (reader, idle) = (UnixStream::pair()?, UnixStream::pair()?);
    drop(reader.1);
    let generic =
        Generic { reader: reader.0, edge_triggered: Vec::new(), doorbell: None, r#none: idle.0 };
    generic.register_into(&mut reactor)?;
    let out = UnixStream::pair()?;
    Queue { out: [out.0] }.register_into(&mut reactor)?;
    while !reactor.is_empty() {
        reactor.run_once_with(&mut seen, None)?;
    }
    seen.sort_unstable();
    assert_eq!(seen, ["out", "read", "reader", "write"]);
    Ok(())
}
