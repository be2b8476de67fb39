//! A method that is being typed.
use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {
        self.file.
    }
}

fn main() {}
