//! An attribute that is being typed.
use eventp::{Eventp, Register, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(rea)]
    fn read(&mut self) {}
}

fn register(log: Log, reactor: &mut Eventp) {
    log.register_into(reactor).unwrap();
}

fn main() {}
