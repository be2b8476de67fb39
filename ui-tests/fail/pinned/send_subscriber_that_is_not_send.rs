//! A reactor that was moved to another thread would take its subscribers along.
use std::rc::Rc;

use eventp::{Eventp, interest};

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let counter = Rc::new(());
    reactor.on(interest().read().with_fd(std::io::stdin()), move |_| drop(counter.clone())).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| reactor.len());
    });
}
