//! The state is a parameter of the type.
use eventp::{Flow, Register, handler, subscriber};

trait Count {
    fn count(&mut self);
}

impl Count for u32 {
    fn count(&mut self) {
        *self += 1;
    }
}

#[subscriber(interest = write)]
struct Counter<S: 'static> {
    #[fd]
    stream: std::os::unix::net::UnixStream,
    of: std::marker::PhantomData<S>,
}

#[handler]
impl<S: Count + 'static> Counter<S> {
    #[on(writable)]
    fn write(&mut self, state: &mut S) -> Flow {
        state.count();
        Flow::Stop
    }
}

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut reactor, mut count) = (eventp::Eventp::<u32>::new().unwrap(), 0);
    Counter { stream, of: std::marker::PhantomData }.register_into(&mut reactor).unwrap();
    reactor.run_with(&mut count).unwrap();
    assert_eq!(count, 1);
}
