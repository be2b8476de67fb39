//! A function whose parts come from a `macro_rules!`.
use eventp::{Eventp, Flow, handler, interest};

macro_rules! stop_on {
    ($vis:vis fn $name:ident($fd:ident: $ty:ty) $body:block) => {
        #[handler]
        $vis fn $name($fd: &mut $ty, state: &mut u32) -> Flow {
            *state += 1;
            $body
        }
    };
}

stop_on! {
    pub fn writable(stream: std::os::unix::net::UnixStream) {
        stream.set_nonblocking(true).unwrap();
        Flow::Stop
    }
}

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut reactor, mut count) = (Eventp::<u32>::new().unwrap(), 0);
    reactor.on(interest().write().with_fd(stream), writable::handler).unwrap();
    reactor.run_with(&mut count).unwrap();
    assert_eq!(count, 1);
}
