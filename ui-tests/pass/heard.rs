//! Every interest has its method, or the compiler cannot know.

#![deny(warnings)]
#![allow(dead_code)]

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use eventp::{HasInterest, Interest, handler, interest, subscriber};

#[subscriber(interest = read | write | priority)]
struct Whole {
    #[fd]
    file: File,
}

#[handler]
impl Whole {
    fn handle(&mut self) {}
}

#[subscriber(interest = read | write)]
struct Shared {
    #[fd]
    file: File,
}

#[handler]
impl Shared {
    #[on(readable | hangup)]
    fn read(&mut self) {}

    #[cfg(not(any()))]
    #[on(writable)]
    fn write(&mut self) {}
}

#[subscriber(interest = read | write)]
struct Either {
    #[fd]
    file: File,
}

#[handler]
impl Either {
    #[cfg(any())]
    #[on(readable)]
    fn read(&mut self) {}

    #[cfg(not(any()))]
    fn handle(&mut self) {}
}

#[subscriber(interest = const interest().read().write())]
struct ByConst {
    #[fd]
    file: File,
}

#[handler]
impl ByConst {
    #[on(readable)]
    fn read(&mut self) {}
}

/// Starts with less than it will ask for.
#[subscriber(interest = none)]
struct Later {
    #[fd]
    file: File,
}

#[handler]
impl Later {
    #[on(writable)]
    fn write(&mut self) {}
}

struct ByHand<'a> {
    file: BorrowedFd<'a>,
}

impl AsFd for ByHand<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file
    }
}

impl HasInterest for ByHand<'_> {
    fn interest(&self) -> Interest {
        interest().read().write()
    }
}

#[handler]
impl ByHand<'_> {
    #[on(readable)]
    fn read(&mut self) {}
}

#[subscriber(interest = read | write)]
struct Generic<T: AsFd> {
    #[fd]
    file: T,
}

#[handler]
impl<T: AsFd> Generic<T> {
    #[on(readable)]
    fn read(&mut self) {}

    #[on(writable)]
    fn write(&mut self) {}
}

#[subscriber]
struct Several {
    #[fd(interest = read | write)]
    a: File,
    #[fd(interest = read)]
    b: File,
    #[fd(interest = exclusive | read | write)]
    r#loop: Vec<File>,
    #[fd(interest = const interest().priority())]
    c: File,
}

#[handler]
impl Several {
    #[on(a, writable)]
    fn write(&mut self) {}

    #[on(a | b | c, readable)]
    fn read(&mut self) {}

    #[on(r#loop)]
    fn all(&mut self) {}
}

#[subscriber]
struct Mixed {
    #[fd(interest = read | write)]
    a: File,
    #[fd(interest = read)]
    b: File,
}

#[handler]
impl Mixed {
    #[on(a, writable)]
    fn write(&mut self) {}

    #[on(readable)]
    fn read(&mut self) {}
}

fn in_a_function<T>() {
    #[subscriber(interest = read)]
    struct Inner {
        #[fd]
        file: File,
    }

    #[handler]
    impl Inner {
        #[on(readable)]
        fn read(&mut self) {}
    }
}

fn main() {
    let sources: [Box<dyn HasInterest>; 2] = [
        Box::new(Shared { file: File::open("/dev/null").unwrap() }),
        Box::new(ByConst { file: File::open("/dev/null").unwrap() }),
    ];
    assert!(sources.iter().all(|source| source.interest() == interest().read().write()));
}
