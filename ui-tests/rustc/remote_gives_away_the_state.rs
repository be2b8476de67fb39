//! A remote is `Send` whatever the state is, so the state's `Rc`s must not leave by a result, nor the reactor by a reference.
use std::rc::Rc;
use std::thread;

use eventp::Eventp;

fn main() {
    let mut reactor = Eventp::<Rc<u32>>::new().unwrap();
    let remote = reactor.remote().unwrap();
    let other = thread::spawn(move || {
        let counter = remote.call(|state, _| state.clone()).unwrap();
        drop(counter);
    });
    let remote = reactor.remote().unwrap();
    _ = remote.call(|_, reactor| reactor);
    other.join().unwrap();
}
