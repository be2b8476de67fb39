//! A handler registers what asks for the same state.
use std::os::unix::net::UnixStream;

use eventp::{Eventp, EventpOps, Flow, Pinned, Register, handler, interest, subscriber};

#[subscriber(interest = write)]
struct Echo {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Echo {
    #[on(writable)]
    fn echo(&mut self, count: &mut u32) -> Flow {
        *count += 1;
        let _ = &self.stream;
        Flow::Stop
    }
}

#[handler]
fn accept(stream: &mut UnixStream, mut reactor: Pinned<'_, impl EventpOps<State = u32>>) -> std::io::Result<Flow> {
    Echo { stream: stream.try_clone()? }.register_into(&mut reactor)?;
    Ok(Flow::Remove)
}

fn main() {
    let (stream, _peer) = UnixStream::pair().unwrap();
    let (mut reactor, mut count) = (Eventp::<u32>::new().unwrap(), 0);
    reactor.on(interest().write().with_fd(stream), accept::handler).unwrap();
    reactor.run_with(&mut count).unwrap();
    assert_eq!(count, 1);
}
