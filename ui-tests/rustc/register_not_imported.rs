//! `register_into` comes from a trait.
use eventp::{Eventp, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {}
}

fn register(log: Log, reactor: &mut Eventp) {
    log.register_into(reactor).unwrap();
}

fn main() {}
