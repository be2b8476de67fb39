//! Parameters, bounds, defaults and a `where` clause.
use std::fmt::Debug;
use std::os::fd::AsFd;

use eventp::{Flow, Register, handler, subscriber};

#[subscriber(interest = write)]
struct Echo<T: AsFd, P = u8, const N: usize = 4>
where
    P: Debug + 'static,
    T: 'static,
{
    #[fd]
    stream: T,
    seen: [Option<P>; N],
}

#[handler]
impl<T: AsFd, P, const N: usize> Echo<T, P, N>
where
    P: Debug + 'static,
    T: 'static,
{
    #[on(writable)]
    fn write(&mut self, total: &mut usize) -> Flow {
        *total += self.seen.len();
        Flow::Stop
    }
}

fn main() {
    let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut reactor, mut total) = (eventp::Eventp::<usize>::new().unwrap(), 0);
    Echo { stream, seen: [None::<u8>; 3] }.register_into(&mut reactor).unwrap();
    reactor.run_with(&mut total).unwrap();
    assert_eq!(total, 3);
}
