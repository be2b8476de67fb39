//! What is refused is dropped, and where its destructor panics, nothing is leaked all the same: not the error that says why, either.

mod common;
#[path = "model/counting.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
mod counting;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::resume_unwind;

use common::{NOW, panics};
use counting::bytes;
use eventp::{Dispatch, Eventp, EventpOps, Flow, Handler, HasInterest, Interest, interest};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Its destructor panics.
struct Bomb(#[expect(dead_code, reason = "an allocation")] String);

impl Bomb {
    fn new() -> Self {
        Self("a value of its own".into())
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(())); // no message
    }
}

/// How many bytes each repetition leaves allocated, when all that is made once has been made.
fn leaked(mut f: impl FnMut()) -> isize {
    f();
    let before = bytes();
    (0..10).for_each(|_| f());
    (bytes() - before) / 10
}

#[test]
fn a_closure_that_is_sent_to_a_reactor_that_has_stopped_leaves_nothing_when_its_destructor_panics()
{
    let mut reactor = Eventp::<()>::new().unwrap();
    let remote = reactor.remote().unwrap();
    reactor.stop();
    reactor.run_with(&mut ()).unwrap();
    let send = || {
        let bomb = Bomb::new();
        assert!(panics(|| remote.send(move |_, _| drop(bomb))));
    };
    assert_eq!(leaked(send), 0);
    let call = || {
        let bomb = Bomb::new();
        assert!(panics(|| drop(remote.call_async(move |_, _| drop(bomb)))));
    };
    assert_eq!(leaked(call), 0);
}

#[test]
fn a_call_from_the_reactors_own_thread_leaves_nothing_when_the_closures_destructor_panics() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let call = || {
        let bomb = Bomb::new();
        assert!(panics(|| remote.call(move |_, _| drop(bomb))));
    };
    assert_eq!(leaked(call), 0);
    let call = || {
        let bomb = Bomb::new();
        assert!(panics(|| remote.call_timeout(NOW.unwrap(), move |_, _| drop(bomb))));
    };
    assert_eq!(leaked(call), 0);
}

/// A directory, which epoll cannot watch.
struct Unwatchable(std::fs::File, #[expect(dead_code, reason = "is dropped")] Bomb);

impl AsFd for Unwatchable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl HasInterest for Unwatchable {
    fn interest(&self) -> Interest {
        interest().read()
    }
}

impl<Ep: EventpOps> Handler<Ep> for Unwatchable {
    fn handle(_: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        Ok(Flow::Keep)
    }
}

#[test]
fn a_subscriber_that_is_refused_leaves_nothing_when_its_destructor_panics() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let add = || {
        let subscriber = Unwatchable(std::fs::File::open("/").unwrap(), Bomb::new());
        assert!(panics(|| reactor.add(subscriber)));
    };
    assert_eq!(leaked(add), 0);
}
