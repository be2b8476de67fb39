#![allow(unused)]

use eventp::{handler, subscriber};
use std::fs::File;

#[subscriber(interest = read)]
struct OneForAll {
    #[fd]
    queue: File,
    #[fd]
    timer: File,
}

#[handler]
impl OneForAll {
    #[on(queue)]
    fn queue(&mut self) {}
}

#[subscriber]
struct NoInterest {
    #[fd(interest = read)]
    queue: File,
    #[fd]
    timer: File,
    #[fd(group = later)]
    tap: File,
}

#[subscriber(interest = read)]
struct Collection {
    #[fd]
    queues: Vec<File>,
}

#[subscriber]
struct Errors {
    #[fd(interest = read)]
    errors: File,
    #[fd(interest = read)]
    hangup: File,
}

fn main() {
    let _ = (OneForAll::QUEUE, NoInterest::LATER, Collection::QUEUES, Errors::ERRORS);
}
