//! One type has one `#[handler]`.
use eventp::{handler, subscriber};

#[subscriber(interest = read | write)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {}
}

#[handler]
impl Log {
    #[on(writable)]
    fn write(&mut self) {}
}

fn main() {}
