//! A subscriber in a cell that others hold as well.
use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use eventp::{Eventp, Flow, Register, handler, subscriber};

#[subscriber]
struct Pair {
    #[fd(interest = write)]
    a: UnixStream,
    #[fd(interest = read)]
    b: UnixStream,
    calls: u32,
}

#[handler]
impl Pair {
    #[on(a)]
    fn a(&mut self, total: &mut u32) -> Flow {
        self.calls += 1;
        *total += 1;
        Flow::Remove
    }

    #[on(b)]
    fn b(&mut self) {}
}

fn pair() -> Pair {
    let (a, b) = UnixStream::pair().unwrap();
    Pair { a, b, calls: 0 }
}

fn main() {
    let (mut reactor, mut total) = (Eventp::<u32>::new().unwrap(), 0);
    Arc::new(Mutex::new(pair())).register_into(&mut reactor).unwrap();
    let local = Rc::new(RefCell::new(pair()));
    local.clone().register_into(&mut reactor).unwrap();
    reactor.run_once_with(&mut total, None).unwrap();
    assert_eq!((total, local.borrow().calls), (2, 1));
}
